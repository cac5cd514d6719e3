"""What travels in an evidence bundle: the verifier and the words for the auditor."""
