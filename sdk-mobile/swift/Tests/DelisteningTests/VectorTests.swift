// The golden vectors, byte for byte, through the bindings.

import Delistening
import Foundation
import XCTest

private struct Vector: Decodable {
    let operation: String
    let name: String
    let input: String
    let output: String
}

final class VectorTests: XCTestCase {
    func testTheGoldenVectorsHold() throws {
        let path = try XCTUnwrap(ProcessInfo.processInfo.environment["DELISTENING_VECTORS"])
        let folder = URL(fileURLWithPath: path)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        let vectors = try files.flatMap { try JSONDecoder().decode([Vector].self, from: Data(contentsOf: $0)) }
        XCTAssertGreaterThan(vectors.count, 50)
        for vector in vectors {
            let output = conformance(name: vector.operation, input: vector.input)
            XCTAssertEqual(Array(output.utf8), Array(vector.output.utf8), "\(vector.operation): \(vector.name)")
        }
    }
}
