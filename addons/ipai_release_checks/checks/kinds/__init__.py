"""One check kind a file. The registry finds the files; nothing has to be listed anywhere."""
