import Testing

/// Targets are floors. A target imports only floors below, and siblings never see each other.
@Suite struct FloorTests {
  private let plan: FloorPlan
  private let files = House.swift.files

  init() throws { plan = FloorPlan(manifest: try #require(House.read(House.at("Package.swift")))) }

  @Test func `the plan was read: the known floors are in it`() {
    #expect(plan.targets["RunnelCore"]?.floor == 1)
    #expect(plan.targets["RunnelZeroMQ"]?.floor == 4)
    #expect(plan.targets["RunnelZeroMQ"]?.dependencies.isSuperset(of: ["CZeroMQ", "RunnelCore"]) == true)
    #expect(plan.targets["HouseTests"] != nil && plan.targets["CZeroMQ"]?.isC == true)
  }

  @Test func `every target stands on lower floors only`() {
    for target in plan.targets.values {
      guard let floor = target.floor else { continue }
      for name in target.dependencies {
        guard let below = plan.targets[name]?.floor else { continue }
        // A C target and the Swift target that knows it, on floors 0 and up.
        #expect(below < floor, "\(target.name) on floor \(floor) stands on \(name) on floor \(below)")
      }
    }
  }

  @Test func `every file imports only what its target declares`() {
    for file in files {
      guard let target = plan.targets[file.target] else { continue }
      for module in file.imports where plan.targets[module] != nil {
        // Every test target stands on RunnelTesting; the manifest says so once for all of them.
        let isDeclared = target.dependencies.contains(module) || module == "RunnelTesting" && target.floor == nil
        #expect(isDeclared, "\(file.path) imports \(module), which \(target.name) does not declare")
      }
    }
  }

  @Test func `each C target is imported by one Swift target`() {
    for target in plan.targets.values where target.isC {
      let importers = Set(files.filter { $0.imports.contains(target.name) }.map(\.target))
      #expect(importers.count <= 1, "\(target.name) is imported by \(importers.sorted().joined(separator: ", "))")
    }
  }

  @Test func `every folder of sources and tests is a target`() {
    for file in files where file.path.hasPrefix("Sources/") || !file.path.hasPrefix("Tests/Golden/") {
      #expect(plan.targets[file.target] != nil, "\(file.path) belongs to no target of Package.swift")
    }
  }
}
