"""Time stamps (RFC 3161): build the request, and check that an answer is one to it.

Whether the authority's signature holds is for whoever trusts the authority, with its certificate:
``openssl ts -verify``. Nothing here imports Odoo.
"""

import hashlib
import secrets

#: What requests and answers are called on the way (RFC 3161, 3.4).
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
#: Bits of the number by which an answer is told from an older one.
NONCE = 64
GRANTED = frozenset({"granted", "granted_with_mods"})


class StampRefused(Exception):
    """The answer is no time stamp for what was asked. The text says why."""


def _asn1():
    """asn1crypto on first use, since a release needs no time stamp."""
    from asn1crypto import tsp  # noqa: PLC0415 see above

    return tsp


def request(head):
    """A request to stamp the head of a journal.

    :param head: 64 hexadecimal digits; their text is what is stamped
    :return: DER bytes, and the nonce that the answer must carry
    """
    nonce = secrets.randbits(NONCE)
    imprint = {
        "hash_algorithm": {"algorithm": "sha256"},
        "hashed_message": hashlib.sha256(head.encode()).digest(),
    }
    fields = {"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    return _asn1().TimeStampReq(fields).dump(), nonce


def check(answer, head, nonce):
    """The time that an answer proves, as an aware datetime.

    :param answer: DER bytes of a TimeStampResp
    :raises StampRefused: it is broken, refused, or an answer to something else
    """
    try:
        response = _asn1().TimeStampResp.load(answer, strict=True)
        _check_status(response["status"])
        info = response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
        told = info["message_imprint"]["hashed_message"].native
        algorithm = info["message_imprint"]["hash_algorithm"]["algorithm"].native
        answered, time = info["nonce"].native, info["gen_time"].native
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise StampRefused(f"it is no time stamp: {problem}") from problem
    if algorithm != "sha256" or told != hashlib.sha256(head.encode()).digest():
        raise StampRefused("it stamps something else")
    if answered != nonce:
        raise StampRefused("it answers another request")
    return time


def _check_status(status):
    if status["status"].native not in GRANTED:
        reasons = status["status_string"].native or status["fail_info"].native
        raise StampRefused(f"the authority refused: {reasons or status['status'].native}")
