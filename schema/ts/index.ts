// Generated from the Rust types by `npm run generate`; do not edit.

/**
 * One thing that happened during a session (one play of one track).
 */
export type Event = { 
/**
 * UUIDv7, unique for this event.
 */
id: string, 
/**
 * Wall clock of the device, milliseconds since 1970.
 */
at: number, 
/**
 * Milliseconds since the session began, from a monotonic clock.
 */
mono: number, 
/**
 * The session, UUIDv7.
 */
session: string, 
/**
 * The platform's identifier of the track.
 */
track: string, } & ({ "type": "play.started" } & Started | { "type": "play.progress" } & Progress | { "type": "play.paused" } & At | { "type": "play.resumed" } & At | { "type": "play.seeked" } & Seeked | { "type": "play.stalled" } & Stalled | { "type": "play.failed" } & Failed | { "type": "play.ended" } & Ended | { "type": "signal.motion" } & Motion | { "type": "signal.location" } & Location | { "type": "engage.like" } & Engagement | { "type": "engage.share" } & Engagement | { "type": "engage.playlist_add" } & Engagement | { "type": "engage.follow" } & Engagement);

/**
 * What happened, and what is known about it. Positions are milliseconds of media time.
 */
export type Body = { "type": "play.started" } & Started | { "type": "play.progress" } & Progress | { "type": "play.paused" } & At | { "type": "play.resumed" } & At | { "type": "play.seeked" } & Seeked | { "type": "play.stalled" } & Stalled | { "type": "play.failed" } & Failed | { "type": "play.ended" } & Ended | { "type": "signal.motion" } & Motion | { "type": "signal.location" } & Location | { "type": "engage.like" } & Engagement | { "type": "engage.share" } & Engagement | { "type": "engage.playlist_add" } & Engagement | { "type": "engage.follow" } & Engagement;

/**
 * Members of `play.started`.
 */
export type Started = { 
/**
 * The platform's identifier of the artist.
 */
artist?: string, 
/**
 * The platform's identifier of the release.
 */
release?: string, 
/**
 * Length of the track in milliseconds; absent for a live stream.
 */
duration_ms?: number, 
/**
 * What led to the play: album, playlist, search, radio, embed …
 */
source?: string, 
/**
 * Whether the media came from the device's own storage, without a network.
 */
offline: boolean, 
/**
 * What decodes: `native`, `wasm`, or the name of the host's own player.
 */
engine: string, 
/**
 * Whether playback began by itself rather than by a user's gesture.
 */
autoplay: boolean, };

/**
 * Members of `play.progress`.
 */
export type Progress = { 
/**
 * What was heard since the last progress, in the order it was rendered; repeats stand twice.
 */
heard: Array<Interval>, 
/**
 * Milliseconds of media time that were rendered but not audible (muted, or volume zero).
 */
silent_ms?: number, 
/**
 * Playback rate; 1 is normal speed.
 */
rate: number, 
/**
 * Volume from 0 to 1.
 */
volume: number, 
/**
 * Whether the player was muted.
 */
muted: boolean, 
/**
 * Whether the player could be seen: a visible tab, an app in the foreground.
 */
visible: boolean, 
/**
 * Output route, where the platform tells: speaker, headphones, bluetooth, cast …
 */
output?: string, };

/**
 * A position.
 */
export type At = { 
/**
 * Where.
 */
position_ms: number, };

/**
 * Members of `play.seeked`.
 */
export type Seeked = { 
/**
 * Where playback was.
 */
from_ms: number, 
/**
 * Where it went.
 */
to_ms: number, };

/**
 * Members of `play.stalled`, written when the stall is over.
 */
export type Stalled = { 
/**
 * Where.
 */
position_ms: number, 
/**
 * How long nothing was heard, in milliseconds of monotonic time.
 */
stalled_ms: number, };

/**
 * Members of `play.failed`.
 */
export type Failed = { 
/**
 * Where.
 */
position_ms: number, 
/**
 * The player's code for what went wrong.
 */
code: string, };

/**
 * Members of `play.ended`.
 */
export type Ended = { 
/**
 * Why.
 */
reason: EndReason, 
/**
 * Where.
 */
position_ms: number, 
/**
 * All that was heard in the session, each instant once.
 */
heard: Array<Interval>, 
/**
 * All that was heard, repeats included, in milliseconds of media time.
 */
played_ms: number, 
/**
 * How often playback was paused.
 */
pauses: number, 
/**
 * How often the position was moved.
 */
seeks: number, 
/**
 * How often playback waited for data.
 */
stalls: number, };

/**
 * Why a session ended.
 */
export type EndReason = "completed" | "skipped" | "stopped" | "replaced" | "unloaded" | "crashed";

/**
 * Members of `signal.motion`.
 */
export type Motion = { 
/**
 * The likeliest activity.
 */
activity: Activity, 
/**
 * Confidence from 0 to 1.
 */
confidence: number, };

/**
 * How a device moves.
 */
export type Activity = "still" | "walking" | "running" | "vehicle";

/**
 * Members of `signal.location`.
 */
export type Location = { 
/**
 * The cell's grid.
 */
grid: Grid, 
/**
 * The cell, in its grid's own spelling; its length is its precision.
 */
cell: string, };

/**
 * A grid of cells on the earth.
 */
export type Grid = "h3" | "geohash";

/**
 * Members of the `engage.*` events.
 */
export type Engagement = { 
/**
 * What the act was aimed at beside the track: a playlist, an artist, a channel of sharing.
 */
target?: string, };

/**
 * Half-open `[start, end)`, in milliseconds of media time. In JSON: `[start, end]`.
 */
export type Interval = [number, number];

/**
 * A SHA-256 hash. In JSON: base64url without padding (43 characters).
 */
export type Hash = string;

/**
 * The RFC 7638 JWK thumbprint (SHA-256) of a device's public key.
 */
export type DeviceId = string;

/**
 * The payload of a signed batch.
 */
export type Batch = { 
/**
 * Payload version, 1.
 */
v: number, 
/**
 * UUIDv7 of the batch.
 */
batch: string, 
/**
 * The device: the thumbprint of the key that signs.
 */
device: DeviceId, 
/**
 * 1, 2, 3 … per device.
 */
seq: number, 
/**
 * SHA-256 of the previous batch's bytes; empty for the first.
 */
prev: string, 
/**
 * 16 random bytes, base64url: they make the commitment in the ledger hiding.
 */
nonce: string, 
/**
 * The service it is for.
 */
aud: string, 
/**
 * The listener whose plays it holds; the token's `sub`.
 */
listener: string, 
/**
 * The last checkpoint that the device had verified before the oldest event of this batch.
 */
anchor?: Anchor, 
/**
 * Wall clock of the device when the batch was sealed, milliseconds since 1970.
 */
sent_at: number, 
/**
 * Name and version of the SDK.
 */
sdk: string, 
/**
 * The events.
 */
events: Array<Event>, 
/**
 * What the device gave up since the batch before; empty if nothing.
 */
dropped: Array<Dropped>, };

/**
 * A checkpoint that a device had verified: what makes the time of its plays hold up.
 */
export type Anchor = { 
/**
 * The log's origin.
 */
origin: string, 
/**
 * The tree's size.
 */
size: number, 
/**
 * The tree's root.
 */
root: Hash, };

/**
 * Events that a device gave up instead of sending them.
 */
export type Dropped = { 
/**
 * Why.
 */
reason: DropReason, 
/**
 * How many events. A record that could not be read counts as one.
 */
events: number, };

/**
 * Why a device gave events up.
 */
export type DropReason = "queue_full" | "too_old" | "corrupted" | "refused" | "key_lost" | "other";

/**
 * What a token says.
 */
export type Claims = { 
/**
 * Who issued it.
 */
iss: string, 
/**
 * The service it is for.
 */
aud: string, 
/**
 * When it was issued, in seconds since 1970.
 */
iat: number, 
/**
 * When it expires, in seconds since 1970.
 */
exp: number, 
/**
 * The listener, by a pseudonym; for a service token the service.
 */
sub: string, 
/**
 * Scopes, separated by spaces.
 */
scope: string, 
/**
 * The key it is bound to; absent in a service token.
 */
cnf?: Confirmation, };

/**
 * The RFC 7800 confirmation claim.
 */
export type Confirmation = { 
/**
 * The device's key, as its JWK thumbprint.
 */
jkt: DeviceId, };

/**
 * What a device posts.
 */
export type IngestRequest = { 
/**
 * The access token, unless it is in the `Authorization` header.
 */
token?: string, 
/**
 * The newest checkpoint that the device has verified; asks for consistency proofs from there.
 */
known?: Known, 
/**
 * Signed batches, in the order of their sequence numbers.
 */
batches: Array<string>, };

/**
 * A checkpoint by name.
 */
export type Known = { 
/**
 * The log's origin.
 */
origin: string, 
/**
 * The tree's size.
 */
size: number, };

/**
 * What the server answers with status 200.
 */
export type IngestResponse = { 
/**
 * The log's verifier key (C2SP signed-note vkey).
 */
log: string, 
/**
 * One answer per batch, in order.
 */
answers: Array<Answer>, };

/**
 * What became of one batch.
 */
export type Answer = { "status": "accepted" } & Acknowledgement | { "status": "duplicate" } & Acknowledgement | { "status": "refused", 
/**
 * Why, and what to do.
 */
problem: Problem, };

/**
 * The proof that a batch was kept.
 */
export type Acknowledgement = { 
/**
 * A C2SP tlog-proof whose extra data is the ledger entry.
 */
receipt: string, 
/**
 * Standard base64 hashes that lead from the newest checkpoint the device had (`known`, or that of an
 * earlier answer in this response, whichever is larger) to this receipt's, or the other way round for
 * an older receipt. Empty when the two are the same size or the device knew none.
 */
consistency: Array<string>, 
/**
 * What was wrong with single events or the chain; the batch was kept all the same.
 */
problems: Array<Problem>, };

/**
 * A problem document (RFC 9457).
 */
export type Problem = { 
/**
 * The path of the page about it, on the server that answers: `/problems/` and the code.
 */
type: string, 
/**
 * A short name for people.
 */
title: string, 
/**
 * The HTTP status this problem has by itself.
 */
status: number, 
/**
 * What happened here and what to do about it, in one sentence.
 */
detail: string, 
/**
 * The stable code.
 */
code: Code, 
/**
 * What the client should do.
 */
action: Action, 
/**
 * Seconds to wait before trying again.
 */
retry_after?: number, 
/**
 * For a problem of one event: its index in the batch.
 */
event?: number, };

/**
 * A stable problem code.
 */
export type Code = "malformed-request" | "invalid-parameter" | "not-found" | "method-not-allowed" | "unsupported-media-type" | "unsupported-encoding" | "too-large" | "request-timeout" | "bad-token" | "expired-token" | "insufficient-scope" | "wrong-device" | "wrong-listener" | "wrong-audience" | "malformed-batch" | "unsupported-version" | "bad-signature" | "unacceptable-key" | "sequence-fork" | "sequence-gap" | "malformed-event" | "unknown-event-type" | "too-many-requests" | "overloaded" | "storage-unavailable" | "internal";

/**
 * What a client does about a problem. Known from the code alone.
 */
export type Action = "retry" | "refresh" | "drop" | "stop";

/**
 * One entry of the ledger. JSON with a fixed order of members and no white space.
 */
export type Entry = { "kind": "batch" } & BatchEntry | { "kind": "rule" } & RuleEntry | { "kind": "verdict" } & VerdictEntry | { "kind": "statement" } & StatementEntry | { "kind": "erasure" } & ErasureEntry | { "kind": "key" } & KeyEntry;

/**
 * The commitment to a batch.
 */
export type BatchEntry = { 
/**
 * SHA-256 of the exact bytes of the signed batch. Hiding, because the batch holds a random nonce.
 */
batch: Hash, 
/**
 * When the server received it, milliseconds since 1970.
 */
received: number, 
/**
 * SHA-256 of a random salt followed by the intake context.
 */
context: Hash, };

/**
 * What plays are judged by.
 */
export type RuleKind = "play" | "analysis";

/**
 * The full text of a version of the play rule, or of the analysis.
 */
export type RuleEntry = { 
/**
 * Of which of the two.
 */
of: RuleKind, 
/**
 * Its version.
 */
version: number, 
/**
 * What it says.
 */
text: string, };

/**
 * The commitment to the verdicts on a number of sessions. Of several on one session the last holds.
 */
export type VerdictEntry = { 
/**
 * The batches among the first `through` entries were judged.
 */
through: number, 
/**
 * How many sessions.
 */
count: number, 
/**
 * The root over the sealed verdicts: see [`sealed`](crate::ledger::sealed).
 */
root: Hash, };

/**
 * The commitment to what was counted on a day. Of several for one day the last holds.
 */
export type StatementEntry = { 
/**
 * The day in UTC: days since 1970-01-01.
 */
day: number, 
/**
 * The last verdicts among the first `through` entries were counted.
 */
through: number, 
/**
 * A long statement has several entries; which one this is, from 1.
 */
part: number, 
/**
 * How many entries the statement has.
 */
parts: number, 
/**
 * How many lines this part has.
 */
count: number, 
/**
 * The root over the sealed lines: see [`sealed`](crate::ledger::sealed).
 */
root: Hash, };

/**
 * What was erased, because its listener asked for it. The commitments to it stay.
 */
export type ErasureEntry = { 
/**
 * When, milliseconds since 1970.
 */
at: number, 
/**
 * The indexes of the batches, in ascending order.
 */
batches: Array<number>, 
/**
 * The verdicts: the index of the entry and the place within its list, in ascending order.
 */
verdicts: Array<[number, number]>, };

/**
 * The announcement of the log's next key: see [`successor`](crate::ledger::successor).
 */
export type KeyEntry = { 
/**
 * A note that the old key and the new one have signed: the log's name, `from key` and `to key` with their verifier
 * keys.
 */
note: string, };

/**
 * What `GET /log/keys` answers: the keys that the log has had, and what leads from each to the next.
 */
export type LogKeys = { 
/**
 * Verifier keys, the present one last.
 */
keys: Array<string>, 
/**
 * For each key but the first, the C2SP tlog-proof of its announcement: see
 * [`successor`](crate::ledger::successor).
 */
handovers: Array<string>, };

/**
 * One item of a list.
 */
export type Sealed = { 
/**
 * 16 random bytes, base64url: without them the hash tells nothing of the text.
 */
salt: string, 
/**
 * JSON, as it was hashed.
 */
text: string, } | { 
/**
 * The hash of the item: SHA-256(0x00 ‖ salt ‖ text).
 */
erased: Hash, };

/**
 * What analysis found suspicious of a session.
 */
export type Suspicion = { 
/**
 * The version of the analysis.
 */
analysis: number, 
/**
 * The sum of the weights of its signals. What would count is suspect from 100 on.
 */
score: number, 
/**
 * The codes of the signals that were found, in alphabetical order.
 */
signals: Array<string>, };

/**
 * What other systems would count of a session.
 */
export type Comparison = { 
/**
 * A last.fm scrobble and a `ListenBrainz` listen: the track is longer than 30 s and was played for half of its length
 * or for 4 minutes, whichever is less.
 */
listen: boolean, 
/**
 * A play as podcast measurement after IAB has it: 60 s or more of it.
 */
podcast_play: boolean, 
/**
 * The marks of the track that were heard, of 25, 50, 75 and 100 percent.
 */
percent: Array<number>, 
/**
 * The track was played to its end.
 */
completed: boolean, };

/**
 * What a version of the rule says of a session.
 */
export type Verdict = { 
/**
 * The rule's version.
 */
rule: number, 
/**
 * What the session is worth.
 */
status: Status, 
/**
 * Why.
 */
reasons: Array<Reason>, 
/**
 * Media time heard, each instant once, in milliseconds, at a rate that counts.
 */
heard_ms: number, 
/**
 * Media time heard, repeats included, in milliseconds.
 */
played_ms: number, 
/**
 * What analysis found suspicious, if anything.
 */
suspicion?: Suspicion, };

/**
 * What a session is worth.
 */
export type Status = "valid" | "short" | "muted" | "suspect" | "invalid";

/**
 * Why a session has its status.
 */
export type Reason = "heard_long_enough" | "heard_half" | "heard_too_little" | "not_audible" | "rate_out_of_range" | "exceeds_device_time" | "exceeds_signed_time";

/**
 * A judged session.
 */
export type Play = { 
/**
 * Whose.
 */
device: DeviceId, 
/**
 * Which.
 */
session: string, 
/**
 * The listener.
 */
listener: string, 
/**
 * The track.
 */
track: string, 
/**
 * The artist, if the session's start told.
 */
artist?: string, 
/**
 * When it began, by the device's clock but not later than it was received, milliseconds since 1970.
 */
at: number, 
/**
 * What led to it: album, playlist, search, radio, embed …
 */
source?: string, 
/**
 * Whether the media came from the device's own storage.
 */
offline?: boolean, 
/**
 * The country that it came from: that of the network which its first batch came through.
 */
country?: string, 
/**
 * What it was played on: the operating system, or the kind of client where that is not known.
 */
platform?: string, 
/**
 * What it is worth.
 */
verdict: Verdict, 
/**
 * What other systems would count of it.
 */
compared: Comparison, };

/**
 * Counts of plays.
 */
export type Counts = { 
/**
 * Plays that count.
 */
valid: number, 
/**
 * Sessions with too little heard.
 */
short: number, 
/**
 * Sessions played inaudibly.
 */
muted: number, 
/**
 * Sessions set apart by analysis.
 */
suspect: number, 
/**
 * Sessions that contradict themselves.
 */
invalid: number, 
/**
 * Different listeners with a play that counts.
 */
listeners: number, 
/**
 * Media time heard in plays that count, in milliseconds.
 */
heard_ms: number, };

/**
 * What is counted together.
 */
export type Subject = { "of": "all" } | { "of": "track", "id": string } | { "of": "artist", "id": string };

/**
 * One line of a statement.
 */
export type StatementLine = ({ "of": "all" } | { "of": "track", "id": string } | { "of": "artist", "id": string }) & { 
/**
 * Plays that count.
 */
valid: number, 
/**
 * Sessions with too little heard.
 */
short: number, 
/**
 * Sessions played inaudibly.
 */
muted: number, 
/**
 * Sessions set apart by analysis.
 */
suspect: number, 
/**
 * Sessions that contradict themselves.
 */
invalid: number, 
/**
 * Different listeners with a play that counts.
 */
listeners: number, 
/**
 * Media time heard in plays that count, in milliseconds.
 */
heard_ms: number, };

/**
 * Coarse facts about how a batch came in; never an address.
 */
export type IntakeContext = { 
/**
 * Who issued the token.
 */
issuer: string, 
/**
 * What kind of client it says it is: `browser`, `app`, `headless`, `bot`, `tool` or `other`.
 */
client: string, 
/**
 * The operating system that the client names: `android`, `ios`, `windows`, `macos`, `linux` …
 */
platform?: string, 
/**
 * The country that the address is registered in, ISO 3166-1 alpha-2.
 */
country?: string, 
/**
 * The number of the autonomous system that the address belongs to.
 */
asn?: number, 
/**
 * The network that the address lies in, under a key that lives for a day: the same network on the same day has the
 * same name, and nobody can tell which network it was.
 */
network?: string, 
/**
 * What an operator's own enrichers found.
 */
labels: { [key in string]: string }, };

/**
 * The first line of a range.
 */
export type Header = { 
/**
 * The version of the export, 1.
 */
export: number, 
/**
 * The log.
 */
origin: string, 
/**
 * The index of the first entry.
 */
from: number, 
/**
 * The index after the last entry.
 */
to: number, };

/**
 * One entry, and what it commits to unless that was erased.
 */
export type Row = { 
/**
 * Its place in the log.
 */
index: number, 
/**
 * Its canonical bytes.
 */
entry: Entry, 
/**
 * What a batch entry commits to.
 */
batch?: ExportedBatch, 
/**
 * What a verdict or statement entry commits to.
 */
items?: Array<Sealed>, };

/**
 * A batch as it was journaled.
 */
export type ExportedBatch = { 
/**
 * The signed batch, byte for byte.
 */
jws: string, 
/**
 * The intake context: JSON.
 */
context: string, 
/**
 * 16 random bytes, base64url, which the commitment to the context begins with.
 */
salt: string, };

/**
 * The last line of a range.
 */
export type Footer = { 
/**
 * The log's signed checkpoint of the size at which the range ends.
 */
checkpoint: string, };
