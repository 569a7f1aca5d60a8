"""Checks a receipt (C2SP tlog-proof): that the log has signed a tree in which an entry commits to the batch."""
import base64, hashlib, json
from joserfc.jwk import OKPKey

def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()

def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def verify(batch: str, receipt: str, log: str) -> None:
    """Raises unless the receipt shows that the log with the verifier key `log` holds `batch`."""
    head, checkpoint = receipt.split("\n\n", 1)
    _, extra, index, *proof = head.split("\n")
    entry = base64.b64decode(extra.removeprefix("extra "))
    if json.loads(entry)["batch"] != b64url(sha256(batch.encode())):
        raise ValueError("the receipt is for another batch")
    text, signatures = checkpoint.split("\n\n", 1)
    origin, size, root = text.split("\n")[:3]
    if not included(entry, int(index.removeprefix("index ")), int(size), base64.b64decode(root), proof):
        raise ValueError("the proof does not lead to the checkpoint's root")
    name, key_hash, key = log.split("+", 2)
    line = next(line for line in signatures.split("\n") if line.startswith(f"— {name} "))
    signed = base64.b64decode(line.split(" ")[2])
    if origin != name or signed[:4].hex() != key_hash:
        raise ValueError("the checkpoint is of another log")
    public = {"kty": "OKP", "crv": "Ed25519", "x": b64url(base64.b64decode(key)[1:])}
    OKPKey.import_key(public).get_op_key("verify").verify(signed[4:], f"{text}\n".encode())

def included(entry: bytes, index: int, size: int, root: bytes, proof: list) -> bool:
    """RFC 9162, section 2.1.3.2."""
    node, last, found = index, size - 1, sha256(b"\0", entry)
    for sibling in map(base64.b64decode, proof):
        if last == 0:
            return False
        if node & 1 or node == last:
            found = sha256(b"\1", sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = sha256(b"\1", found, sibling)
        node, last = node >> 1, last >> 1
    return index < size and last == 0 and found == root
