// swift-tools-version: 6.2
// The targets are floors: each imports only floors below it, and siblings never see each other.
// This list, read upwards, is the architecture diagram; ARCHITECTURE.md says what lives where.

import PackageDescription

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableExperimentalFeature("Lifetimes"),
]

func floor(
  _ name: String, on below: [Target.Dependency] = [], resources: [Resource]? = nil, settings: [SwiftSetting] = []
) -> Target {
  .target(name: name, dependencies: below, resources: resources, swiftSettings: strict + settings)
}

func tests(_ name: String, of below: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: below + ["RunnelTesting"], swiftSettings: strict)
}

// `make fuzz`: libFuzzer brings its own main and needs clang's runtime, so it is no part of a usual build.
let fuzz: [Target] =
  Context.environment["RUNNEL_FUZZ"] == nil
  ? []
  : [
    .executableTarget(
      name: "RunnelFuzz",
      dependencies: [
        "RunnelService", "RunnelPipeline", "RunnelImport", "RunnelInference", "RunnelLabels", "RunnelRecordings",
        "RunnelZeroMQ", "RunnelWire", "RunnelCore",
      ],
      path: "Fuzz/RunnelFuzz",
      swiftSettings: strict + [.unsafeFlags(["-sanitize=fuzzer,address", "-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])])
  ]

let package = Package(
  name: "runnel",
  products: [
    // What Benchmarks measures.
    .library(
      name: "RunnelLibraries",
      targets: [
        "RunnelService", "RunnelZeroMQ", "RunnelPipeline", "RunnelWire", "RunnelSignal", "RunnelInference",
        "RunnelCore",
        "RunnelKernels",
      ])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // MARK: 0 - C; each imported by one Swift target only
    .systemLibrary(name: "CZeroMQ"),
    .systemLibrary(name: "CZstd"),
    .systemLibrary(name: "CLZ4"),
    .target(
      name: "CRunnelKernels",
      cSettings: [
        .unsafeFlags(["-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]),
        // At -O0 the arithmetic is 160 times slower and the tests with it.
        .unsafeFlags(["-O2"], .when(configuration: .debug)),
      ]),

    // MARK: 1 - the nouns | arithmetic on buffers
    floor("RunnelCore"),
    floor("RunnelKernels", on: ["CRunnelKernels"]),

    // MARK: 2 - four pure trades: no clock, no input or output
    floor("RunnelWire", on: ["RunnelCore", "RunnelKernels"]),
    floor("RunnelSignal", on: ["RunnelCore", "RunnelKernels"]),
    floor("RunnelInference", on: ["RunnelCore", "RunnelKernels"]),
    floor("RunnelLabels", on: ["RunnelCore"]),

    // MARK: 3 - lanes and batches | other people's model files
    floor(
      "RunnelPipeline",
      on: ["RunnelCore", "RunnelKernels", "RunnelWire", "RunnelSignal", "RunnelInference", "RunnelLabels"],
      // Each look at a lane's state would be entered in a table of the thread, several times a frame: a quarter of the time
      // beside a small network. Debug builds, which all tests are, still check every one.
      settings: [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]),

    floor("RunnelImport", on: ["RunnelCore", "RunnelInference", "RunnelKernels"]),

    // MARK: 4 - edges: sockets | files
    floor("RunnelZeroMQ", on: ["CZeroMQ", "RunnelCore"]),
    floor("RunnelRecordings", on: ["CZstd", "CLZ4", "RunnelCore", "RunnelWire"]),

    // MARK: 5 - configuration, lifecycle, the outer loop
    floor(
      "RunnelService",
      on: [
        "RunnelCore", "RunnelKernels", "RunnelWire", "RunnelSignal", "RunnelInference", "RunnelLabels",
        "RunnelPipeline", "RunnelImport",
        "RunnelZeroMQ", "RunnelRecordings", .product(name: "Yams", package: "Yams"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ]),

    // MARK: 6 - the command line
    .executableTarget(
      name: "runnel",
      dependencies: [
        "RunnelService", "RunnelPipeline", "RunnelLabels", "RunnelInference", "RunnelSignal", "RunnelRecordings",
        "RunnelWire", "RunnelZeroMQ", "RunnelCore", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),

    // MARK: beside the house - for Tests only
    .target(name: "CHeapCount"),
    floor("RunnelTesting", on: ["RunnelCore", "CHeapCount"]),

    // MARK: tests
    tests("HouseTests", of: []),
    tests("LawTests", of: ["RunnelPipeline", "RunnelWire", "RunnelInference", "RunnelKernels", "RunnelCore"]),
    tests("RunnelCoreTests", of: ["RunnelCore"]),
    tests("RunnelKernelsTests", of: ["RunnelKernels", "RunnelCore"]),
    tests("RunnelWireTests", of: ["RunnelWire", "RunnelKernels", "RunnelCore"]),
    tests("RunnelSignalTests", of: ["RunnelSignal", "RunnelKernels", "RunnelCore"]),
    tests("RunnelInferenceTests", of: ["RunnelInference", "RunnelKernels", "RunnelCore"]),
    tests("RunnelLabelsTests", of: ["RunnelLabels", "RunnelCore"]),
    tests("RunnelImportTests", of: ["RunnelImport", "RunnelInference", "RunnelCore"]),
    tests("RunnelPipelineTests", of: ["RunnelPipeline", "RunnelWire", "RunnelCore"]),
    tests("RunnelZeroMQTests", of: ["RunnelZeroMQ", "RunnelCore"]),
    tests("RunnelRecordingsTests", of: ["RunnelRecordings", "RunnelWire", "RunnelCore"]),
    tests("EndToEndTests", of: ["RunnelZeroMQ", "RunnelWire", "RunnelCore"]),
    tests(
      "RunnelServiceTests",
      of: [
        "RunnelService", "RunnelImport", "RunnelPipeline", "RunnelSignal", "RunnelInference", "RunnelLabels",
        "RunnelWire",
        "RunnelZeroMQ", "RunnelRecordings", "RunnelKernels", "RunnelCore",
      ]),
  ] + fuzz,
  swiftLanguageModes: [.v6]
)
