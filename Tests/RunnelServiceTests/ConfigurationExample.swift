/// The nine lines of the design, and a file with everything in it.
enum ConfigurationExample {
  static let nineLines = """
    streams:
      beds: {connect: "tcp://127.0.0.1:5556"}
    models:
      beats: {file: ecg-beats.safetensors}
    pipelines:
      beats: {from: beds, channels: [MLII], model: beats}
    outputs:
      labels: {bind: "tcp://127.0.0.1:9872"}

    """

  static let full = """
    # everything that a configuration can say
    streams:
      beds:
        connect: [tcp://127.0.0.1:5556, "ipc:///run/runnel/beds"]
        type: sub
        topic: s/*/
        format: runnel
        max_streams: 12
        takeover: 1.5 s
        reorder: 500ms
        stale_after: 10 s
        missing: [-32768, 32767]
        range: [-5, 5.5]
        flat: 5s
        time: index
        ipv6: false
        keepalive: true
        reconnect: 200ms..10s
        queue: 32MiB
      lab:
        bind: tcp://127.0.0.1:6000
        type: pull
        format: array
        rate: 1.5kHz
        unit: mV
        layout: channel_major
        channels:
          - {name: MLII, gain: 200, baseline: 1024}
          - {name: V5, unit: uV, scale: 0.005, offset: -5.12}
          - RESP
      radio: {connect: tcp://127.0.0.1:6001, format: gnuradio, pass_tags: true, dtype: f32, rate: 48 kHz, channels: [I, Q]}
      adc:
        connect: tcp://127.0.0.1:6002
        format: raw
        dtype: i24
        byte_order: big
        layout: channel_major
        topic_parts: 2
        rate: 2 kHz
        channels: [a, b]
      eye:
        connect: tcp://127.0.0.1:6003
        format: msgpack
        topic: pupil.0.3d
        rate: 120 Hz
        channels: [{name: diameter, unit: mm, path: diameter_3d}, norm_pos.0]
        fields: {time: timestamp, time_unit: ms, sequence: head.n, index: 'rows.first'}
      camera: {connect: tcp://127.0.0.1:6004, format: array, time_origin: '1990', rate: 1 Hz, channels: [x]}
      found: {connect: tcp://127.0.0.1:6005, format: auto}
    models:
      beats: {file: models/ecg-beats.safetensors}
      pair:
        file: /var/lib/runnel/pair.safetensors
        sha256: 9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08
    pipelines:
      beats:
        from: beds
        channels: [MLII]
        each: channel
        model: beats
        gap: {fill: linear 40ms, carry: 2s, longer: reset}
        decide:
          emit: peaks
          head: beat
          none: none
          enter: 0.7
          leave: 0.3
          refractory: 200ms
          max_width: 300 ms
          smooth: 3 of 5
          unknown_below: 0.5
      pair:
        from: lab
        group: {lead_a: MLII, lead_b: V5}
        model: pair
        gap: {fill: none, carry: 0s}
    outputs:
      labels: {bind: "tcp://127.0.0.1:9872", type: xpub, heartbeat: 2s, queue: 1MiB, scores: false}
      archive: {connect: "tcp://collector.lab:9000", type: pub, ipv6: true}

    """
}
