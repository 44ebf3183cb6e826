"""Subscribe to labels and tell of losses: python3 subscribe_labels.py tcp://127.0.0.1:9872

The messages are described in docs/wire-format.md, §8; no code of runnel's is needed. Ends when a stream does.
"""
import json, sys
import zmq

with zmq.Context() as context, context.socket(zmq.SUB) as socket:
    socket.connect(sys.argv[1])
    socket.subscribe("l/")
    expected = {}  # of each topic: its epoch and the seq that comes next
    while True:
        topic, body, *attached = socket.recv_multipart()
        message = json.loads(body)
        epoch, number = message["epoch"], message.get("seq", message.get("next"))
        known, next_seq = expected.get(topic, (epoch, number))
        if known != epoch:
            print(topic.decode(), "begins anew")
            next_seq = 0
        if "seq" in message and number < next_seq:
            continue  # a repeat of what was seen
        if number > next_seq:
            print(topic.decode(), "lost", number - next_seq, "messages")
        expected[topic] = (epoch, number + ("seq" in message))
        if message["kind"] in ("label", "event"):
            print(message["channel"], "at", message["at"], message["label"], f'{message["p"]:.3f}', message["quality"])
        elif message["kind"] == "status":
            print(message["channel"], message["status"], message["reason"], message["first"], message["last"])
            if message["status"] == "end":
                break
