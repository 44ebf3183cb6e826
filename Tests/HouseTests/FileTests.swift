import Glibc
import Testing

/// What a reader may expect of every file.
@Suite struct FileTests {
  @Test func `a source file has at most 400 lines`() {
    for file in House.sources.files {
      #expect(file.lines.count <= 401, "\(file.path) has \(file.lines.count - 1) lines; look for the second noun in it")
    }
  }

  @Test func `every public type says what it is`() {
    for file in House.sources.files where file.path.hasSuffix(".swift") {
      for type in file.types where type.isPublic && !type.isNested {
        // Attributes and compiler conditions may stand between.
        let above = file.lines[..<type.line].last { !$0.hasPrefix("@") && !$0.hasPrefix("#") }
        #expect(above?.hasPrefix("///") == true, "\(file.path): \(type.name) has no doc comment")
      }
    }
  }

  @Test func `no library ends the program`() {
    for file in House.sources.files where file.target != "runnel" && file.path.hasSuffix(".swift") {
      for (index, line) in file.lines.enumerated() where line.utf8.contains(bytes: "exit(") && !line.isComment {
        // A call by itself: not `pthread_exit(`, nor a method of that name.
        let before = line[..<line.firstRange(of: "exit(")!.lowerBound].last
        #expect(
          before.map { $0.isLetter || $0 == "." } == true,
          "\(file.path):\(index + 1) ends the program; throw, or use precondition for our own mistakes")
      }
    }
  }

  @Test func `no test waits for a time`() {
    let waits = ["Task.sl" + "eep", "usl" + "eep(", "nanosl" + "eep(", " sl" + "eep("]
    for file in House.swift.files where file.path.hasPrefix("Tests/") {
      for wait in waits {
        #expect(
          !file.lines.contains { $0.utf8.contains(bytes: wait) },
          "\(file.path) sleeps; wait for the fact instead, with a limit")
      }
    }
  }

  @Test func `test names are sentences`() {
    for file in House.swift.files where file.path.hasPrefix("Tests/") {
      var isTest = false
      for line in file.lines where isTest || line.utf8.contains(bytes: "@Test") {
        let trimmed = line.drop { $0 == " " }
        if trimmed.hasPrefix("@Test") { isTest = true }
        guard isTest, trimmed.hasPrefix("@") || trimmed.hasPrefix("func "), let name = trimmed.firstRange(of: "func ")
        else { continue }
        #expect(trimmed[name.upperBound...].first == "`", "\(file.path): no sentence in backticks: \(trimmed)")
        isTest = false
      }
    }
  }

  @Test func `no file names a place of one machine`() {
    // Written apart, so that this file keeps its own rule.
    let places = ["/wo" + "rk/", "/ho" + "me/", "/Us" + "ers/", "/ro" + "ot/", "/fa" + "rm/"]
    for file in House().files {
      for place in places {
        #expect(
          !file.lines.contains { $0.utf8.contains(bytes: place) },
          "\(file.path) has the path \(place)…; derive it, or take it as an argument")
      }
    }
  }

  @Test func `no file postpones`() {
    let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
    for file in House().files {
      for mark in marks {
        #expect(!file.lines.contains { $0.utf8.contains(bytes: mark) }, "\(file.path) has a \(mark)")
      }
    }
  }

  @Test(arguments: ["deploy/setup-debian", ".ci/run"])
  func `a script can be run and stops at its first error`(path: String) throws {
    #expect(access(House.at(path), X_OK) == 0)
    let text = try #require(House.read(House.at(path)))
    #expect(text.hasPrefix("#!/usr/bin/env bash\n") && text.contains("\nset -euo pipefail\n"))
  }

  @Test func `the README names the two commands`() throws {
    let readme = try #require(House.read(House.at("README.md")))
    #expect(readme.contains("make demo") && readme.contains("make test"))
  }

  @Test func `every make target that help promises is phony and every one named in the README exists`() throws {
    let makefile = try #require(House.read(House.at("Makefile")))
    let described = makefile.matches(of: #/(?m)^([\w-]+):[^\n]*## /#).map { String($0.1) }
    let phony = try #require(makefile.firstMatch(of: /\.PHONY: ([^\n]*)/)).1.split(separator: " ").map(String.init)
    #expect(Set(described) == Set(phony))
    for match in try #require(House.read(House.at("README.md"))).matches(of: /`make ([\w-]+)/) {
      #expect(phony.contains(String(match.1)), "README.md names make \(match.1), which does not exist")
    }
  }
}
