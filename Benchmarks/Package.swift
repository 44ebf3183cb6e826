// swift-tools-version: 6.2
// `make bench`: tables of what this machine does. A package of its own, so that whoever builds runnel does not build it.

import PackageDescription

let package = Package(
  name: "runnel-benchmarks",
  dependencies: [
    .package(name: "runnel", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
  ],
  targets: [
    .executableTarget(
      name: "RunnelBenchmarks",
      dependencies: [
        .product(name: "RunnelLibraries", package: "runnel"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: [.treatAllWarnings(as: .error)])
  ],
  swiftLanguageModes: [.v6]
)
