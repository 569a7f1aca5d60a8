"""A device in Python: signs what was heard, sends it, and checks the receipts. See docs/PROTOCOL.md.

pip install joserfc requests
python client.py http://127.0.0.1:8787 track-1 31
"""
import json, os, secrets, sys, time, uuid
import requests
from joserfc import jws
from joserfc.jwk import OKPKey
from receipt import b64url, sha256, verify

class Device:
    """Keeps its key, its place in its chain and what waits in a file: it loses nothing, and nothing counts twice."""
    def __init__(self, path):
        self.path = path
        if os.path.exists(path):
            self.state = json.load(open(path))
        else:
            key = OKPKey.generate_key("Ed25519")
            self.state = {"key": key.as_dict(private=True), "seq": 0, "prev": "", "waiting": []}
        self.key = OKPKey.import_key(self.state["key"])
        self.id = self.key.thumbprint()

    def save(self):
        with open(self.path + ".new", "w") as file:
            json.dump(self.state, file), file.flush(), os.fsync(file.fileno())
        os.replace(self.path + ".new", self.path)

    def seal(self, audience, listener, events):
        state, public = self.state, {name: self.state["key"][name] for name in ("kty", "crv", "x")}
        payload = {"v": 1, "batch": uuid7(), "device": self.id, "seq": state["seq"] + 1, "prev": state["prev"],
                   "nonce": b64url(secrets.token_bytes(16)), "aud": audience, "listener": listener,
                   "sent_at": now(), "sdk": "python-example/1", "events": events}
        header = {"alg": "Ed25519", "typ": "delistening-batch+jws", "jwk": public}
        batch = jws.serialize_compact(header, json.dumps(payload), self.key, algorithms=["Ed25519"])
        state["seq"], state["prev"] = payload["seq"], b64url(sha256(batch.encode()))
        state["waiting"].append(batch)
        self.save()  # before it is sent

    def send(self, server, token):
        batches = self.state["waiting"][:16]
        response = requests.post(f"{server}/v1/batches", json={"token": token, "batches": batches}, timeout=30)
        answer = response.json()
        if not response.ok:
            raise SystemExit(f"{answer['detail']} (what to do: {answer['action']})")
        for batch, one in zip(batches, answer["answers"]):
            if one["status"] == "refused" and one["problem"]["action"] != "drop":
                raise SystemExit(f"{one['problem']['detail']} (what to do: {one['problem']['action']})")
            if one["status"] != "refused":
                verify(batch, one["receipt"], answer["log"])
            self.state["waiting"].remove(batch)  # only now
            self.save()
            yield one

def now():
    return time.time_ns() // 1_000_000

def uuid7():
    return str(uuid.UUID(int=now() << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)))

def listening(track, seconds):
    """The events of a session in which the first seconds of a track were heard, until now."""
    session, begin, length = uuid7(), now() - seconds * 1000, seconds * 1000
    about = lambda mono: {"id": uuid7(), "at": begin + mono, "mono": mono, "session": session, "track": track}
    yield about(0) | {"type": "play.started", "artist": "artist-1", "duration_ms": 200_000, "source": "album",
                      "offline": False, "engine": "python", "autoplay": False}
    yield about(length) | {"type": "play.progress", "heard": [[0, length]], "rate": 1, "volume": 1, "muted": False,
                           "visible": True}

if __name__ == "__main__":
    server, track, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    device = Device("device.json")
    device.seal("delistening-dev", "listener-1", list(listening(track, seconds)))
    # From your backend, which knows who listens. A server that was started with --dev stands in for it.
    wanted = {"device": device.id, "listener": "listener-1"}
    token = requests.post(f"{server}/dev/token", json=wanted, timeout=30).json()["token"]
    for one in device.send(server, token):
        print(one["status"], *(problem["code"] for problem in one.get("problems", [])))
