//! Witnesses see that a log only grows: the protocol of a witness, and a log that has its checkpoints cosigned.

use delistening_ingest::commit::{Log, Options};
use delistening_ingest::journal::{Record, VerdictsRecord};
use delistening_ingest::outbound;
use delistening_ingest::witness::{Memory, Service, Submission, Witnessed, router};
use delistening_schema::Hash;
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::{
    Checkpoint, LogKey, LogSigner, Policy, SignedNote, WitnessSigner, merkle, reference,
};
use reqwest::StatusCode;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

fn log_signer(seed: u8) -> LogSigner {
    LogSigner::new("log.example", SecretKey::from_seed(&[seed; 32])).unwrap()
}

fn witness_signer(name: &str) -> WitnessSigner {
    WitnessSigner::new(name, SecretKey::from_seed(&Hash::of(name.as_bytes()).0)).unwrap()
}

/// Starts a witness that keeps what it saw in `folder`; gives its submission prefix.
async fn witness(name: &str, folder: &Path, logs: Vec<LogKey>) -> String {
    let memory = Memory::open(&folder.join(format!("{name}.sqlite"))).unwrap();
    let service = Arc::new(Service::new(witness_signer(name), logs, memory));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let prefix = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router(service)).await.unwrap() });
    prefix
}

fn leaves(count: usize, history: &str) -> Vec<Hash> {
    (0..count).map(|n| merkle::leaf_hash(format!("{history} {n}").as_bytes())).collect()
}

fn note(signer: &LogSigner, leaves: &[Hash]) -> String {
    let root = merkle::tree_root(leaves);
    Checkpoint { origin: signer.log_key().name().to_owned(), size: leaves.len() as u64, root }.sign(signer)
}

fn request(old: usize, proof: &[Hash], note: &str) -> String {
    let proof: String = proof.iter().map(|hash| hash.to_base64() + "\n").collect();
    format!("old {old}\n{proof}\n{note}")
}

#[tokio::test]
async fn a_witness_cosigns_a_log_that_only_grows_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let signer = log_signer(1);
    let prefix = witness("w.example", folder.path(), vec![signer.log_key().clone()]).await;
    let client = outbound::client().no_proxy().build().unwrap();
    let ask = async |body: String| {
        let response = client.post(format!("{prefix}/add-checkpoint")).body(body).send().await.unwrap();
        (response.status(), response.headers().get("content-type").cloned(), response.text().await.unwrap())
    };
    let (all, other) = (leaves(20, "true"), leaves(20, "forked"));
    let consistency = |old: usize, new: usize| reference::subproof(old, &all[..new], true);

    let empty = |root| Checkpoint { origin: "log.example".into(), size: 0, root }.sign(&signer);
    for (what, body, expected) in [
        ("an empty log of another root", request(0, &[], &empty(Hash::of(b"something"))), 422),
        ("a proof from nothing", request(0, &[Hash::of(b"x")], &note(&signer, &all[..7])), 422),
        ("an empty log", request(0, &[], &empty(merkle::empty_root())), 200),
    ] {
        assert_eq!(ask(body).await.0.as_u16(), expected, "{what}");
    }

    let first = note(&signer, &all[..7]);
    let (status, _, line) = ask(request(0, &[], &first)).await;
    assert_eq!(status, StatusCode::OK);
    let cosigned = first.clone() + &line;
    let time = SignedNote::parse(&cosigned).unwrap().cosigned(witness_signer("w.example").public()).unwrap();
    assert!(time.unwrap() > 1_700_000_000);

    let stranger = LogSigner::new("stranger.example", SecretKey::from_seed(&[9; 32])).unwrap();
    let mut bad_line = note(&signer, &all[..9]);
    bad_line.replace_range(bad_line.len() - 8..bad_line.len() - 4, "AAAA");
    for (what, body, status) in [
        ("no request", "hello".to_owned(), 400),
        ("no checkpoint", request(7, &[], "hello\n"), 400),
        ("an old size above the new one", request(8, &[], &first), 400),
        ("an unknown log", request(0, &[], &note(&stranger, &all[..3])), 404),
        ("another key", request(7, &consistency(7, 9), &note(&log_signer(2), &all[..9])), 403),
        ("a bad signature", request(7, &consistency(7, 9), &bad_line), 403),
        (
            "another old size",
            request(5, &reference::subproof(5, &all[..9], true), &note(&signer, &all[..9])),
            409,
        ),
        ("no proof", request(7, &[], &note(&signer, &all[..9])), 422),
        ("a wrong proof", request(7, &consistency(7, 10), &note(&signer, &all[..9])), 422),
        (
            "another history",
            request(7, &reference::subproof(7, &other[..9], true), &note(&signer, &other[..9])),
            422,
        ),
        ("another tree of the same size", request(7, &[], &note(&signer, &other[..7])), 422),
    ] {
        let (answered, content, text) = ask(body).await;
        assert_eq!(answered.as_u16(), status, "{what}: {text}");
        if status == 409 {
            assert_eq!(content.unwrap(), "text/x.tlog.size");
            assert_eq!(text, "7\n");
        }
    }
    let (status, ..) = ask(request(7, &[], &first)).await;
    assert_eq!(status, StatusCode::OK, "the same again is cosigned again");
    let (status, ..) = ask(request(7, &consistency(7, 20), &note(&signer, &all))).await;
    assert_eq!(status, StatusCode::OK);

    // Another process with the same memory goes on from there.
    let again = witness("w.example", folder.path(), vec![signer.log_key().clone()]).await;
    let late = request(7, &consistency(7, 9), &note(&signer, &all[..9]));
    let response = client.post(format!("{again}/add-checkpoint")).body(late).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "20\n");
}

fn grow(log: &Arc<Log>) -> impl Future<Output = ()> {
    let log = Arc::clone(log);
    async move {
        let record = Record::Verdicts(VerdictsRecord { through: 0, items: Vec::new() });
        tokio::task::spawn_blocking(move || log.committer().append(vec![record]).unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn checkpoints_are_cosigned_as_the_log_grows_and_one_witness_may_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let signer = log_signer(1);
    let logs = || vec![log_signer(1).log_key().clone()];
    let mut text = format!("log {}\n", signer.log_key().to_vkey());
    let mut submissions = Vec::new();
    for name in ["w1.example", "w2.example", "gone.example"] {
        let prefix = match name {
            // Nobody listens there.
            "gone.example" => "http://127.0.0.1:9".to_owned(),
            _ => witness(name, folder.path(), logs()).await,
        };
        let key = witness_signer(name).public().clone();
        writeln!(text, "witness {name} {} {prefix}", key.to_vkey()).unwrap();
        submissions.push(Submission::new(name, key, &prefix).unwrap());
    }
    text += "group most 2 w1.example w2.example gone.example\nquorum most\n";
    let policy = Policy::parse(&text).unwrap();

    let log = Arc::new(Log::open(&folder.path().join("data"), signer, &Options::default()).unwrap());
    let mut witnessed = Witnessed::start(Arc::clone(&log), policy.clone(), submissions);
    let first = witnessed.next(None).await.unwrap();
    assert_eq!(policy.verify(&first).unwrap().size, 1);
    grow(&log).await;
    let second = witnessed.next(Some(&first)).await.unwrap();
    assert_eq!(policy.verify(&second).unwrap().size, 2);
    let proof = log.proof(0, &second).unwrap().unwrap();
    assert_eq!(proof.checkpoint, second, "a proof in the checkpoint that the witnesses have seen");
    assert!(log.proof(2, &second).unwrap().is_none());
}
