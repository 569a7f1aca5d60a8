// Requests through URLSession, which on Apple's platforms goes on with them while the app sleeps.

import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Carries requests by `URLSession` in place of the SDK's own client. What is posted is uploaded from a file: with a
/// background configuration (`background`) the system goes on with it while the app sleeps, and when it was ended. An
/// answer that finds the app gone is lost; the batch is then sent again, and the server takes nothing twice.
public final class URLSessionTransport: HttpTransport, @unchecked Sendable {
    private let answers = Answers()
    private let posts: URLSession
    private let gets: URLSession
    private let folder: URL
    private let run = UUID().uuidString

    /// `folder` is for this transport alone. A file of it holds what is being posted, the access token included, as long
    /// as that takes.
    public init(configuration: URLSessionConfiguration, folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        posts = URLSession(configuration: configuration, delegate: answers, delegateQueue: nil)
        // A background session only uploads and downloads files.
        gets = URLSession(configuration: .ephemeral, delegate: answers, delegateQueue: nil)
        posts.getAllTasks { [folder, run] in Self.clean(folder, run: run, underWay: $0) }
    }

    public func send(request: HttpRequest) async throws -> HttpResponse {
        guard let url = URL(string: request.url) else { throw CallbackError.Failed(reason: "this is no URL") }
        var asked = URLRequest(url: url)
        asked.httpMethod = request.method
        if let type = request.contentType { asked.setValue(type, forHTTPHeaderField: "Content-Type") }
        let task = try request.method == "GET" ? gets.dataTask(with: asked) : upload(asked, request.body)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { answers.wait(for: task, $0) }
        } onCancel: {
            task.cancel()
        }
    }

    private func upload(_ request: URLRequest, _ body: Data) throws -> URLSessionTask {
        let file = folder.appendingPathComponent("\(run).\(UUID().uuidString)")
        #if canImport(Darwin)
        try body.write(to: file, options: .completeFileProtectionUntilFirstUserAuthentication)
        #else
        try body.write(to: file)
        #endif
        let task = posts.uploadTask(with: request, fromFile: file)
        task.taskDescription = file.path
        return task
    }

    /// Deletes what an earlier process left, unless the system is still sending it.
    private static func clean(_ folder: URL, run: String, underWay: [URLSessionTask]) {
        let kept = Set(underWay.compactMap(\.taskDescription).map { URL(fileURLWithPath: $0).lastPathComponent })
        let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        for file in files ?? [] where !file.lastPathComponent.hasPrefix(run) && !kept.contains(file.lastPathComponent) {
            try? FileManager.default.removeItem(at: file)
        }
    }

    deinit {
        posts.finishTasksAndInvalidate()
        gets.finishTasksAndInvalidate()
    }
}

#if canImport(Darwin)
extension URLSessionTransport {
    /// One whose posts the system goes on with in the background. `identifier` is this app's alone; make one transport of
    /// it for each process. Background sessions follow redirects, whoever carries them; here only the server itself, known
    /// by its certificate, can give one.
    public static func background(identifier: String = "com.delistening.sdk.uploads") throws -> URLSessionTransport {
        let configuration = URLSessionConfiguration.background(withIdentifier: identifier)
        configuration.isDiscretionary = false
        configuration.httpCookieStorage = nil
        let caches = try FileManager.default.url(
            for: .cachesDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
        return try URLSessionTransport(configuration: configuration, folder: caches.appendingPathComponent(identifier))
    }

    /// Call it in `application(_:handleEventsForBackgroundURLSession:completionHandler:)` with what the app was given.
    public func handleEvents(completion: @escaping @Sendable () -> Void) {
        answers.finished = completion
    }
}
#endif

/// What has come of each task so far, and who waits for it.
private final class Answers: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private typealias Continuation = CheckedContinuation<HttpResponse, Error>

    /// More than any answer has.
    private static let most = 1_048_576
    private let lock = NSLock()
    private var waiting: [ObjectIdentifier: (Continuation, Data)] = [:]
    private var whenFinished: (@Sendable () -> Void)?

    var finished: (@Sendable () -> Void)? {
        get { lock.withLock { whenFinished } }
        set { lock.withLock { whenFinished = newValue } }
    }

    func wait(for task: URLSessionTask, _ continuation: CheckedContinuation<HttpResponse, Error>) {
        lock.withLock { waiting[ObjectIdentifier(task)] = (continuation, Data()) }
        task.resume()
    }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let size = lock.withLock {
            waiting[ObjectIdentifier(dataTask)]?.1.append(data)
            return waiting[ObjectIdentifier(dataTask)]?.1.count ?? 0
        }
        if size > Self.most { dataTask.cancel() }
    }

    func urlSession(
        _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse, newRequest _: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: Error?) {
        if let file = task.taskDescription { try? FileManager.default.removeItem(atPath: file) }
        guard let (continuation, body) = lock.withLock({ waiting.removeValue(forKey: ObjectIdentifier(task)) }) else {
            return
        }
        guard error == nil, let answer = task.response as? HTTPURLResponse else {
            let reason = error.map { String(describing: $0) } ?? "no answer came"
            return continuation.resume(throwing: CallbackError.Failed(reason: reason))
        }
        let status = UInt16(clamping: answer.statusCode)
        let wait = answer.value(forHTTPHeaderField: "Retry-After")
        continuation.resume(returning: HttpResponse(status: status, retryAfter: wait, body: body))
    }

    #if canImport(Darwin)
    func urlSessionDidFinishEvents(forBackgroundURLSession _: URLSession) {
        guard let act = finished else { return }
        finished = nil
        DispatchQueue.main.async(execute: act)
    }
    #endif
}
