"""What a network trained on windows answers when its state is carried instead. Needs numpy only."""
import runnel_dataset, runnel_reference

X, y, mask = runnel_dataset.windows("tutorial/heldout")  # (N, T, 1), (N, T)
about = runnel_dataset.manifest("tutorial/heldout")
length, hop = about["window"]["length"], about["window"]["hop"]
truth = (y[:, :-12] == about["classes"].index("V")).any(1)

net = runnel_reference.Reference(*runnel_reference.read("tutorial/alarm.safetensors"))
windowed = net.run_windows(X).argmax(-1)  # each from zeros
stream = [*X[0], *X[1:, -hop:].reshape(-1, 1)]  # the same frames, one after the other
carried = net.run(stream)[length - 1 :: hop].argmax(-1)  # the state lives on
for way, answers in ("windowed", windowed), ("carried", carried):
    print(f"{way}: {100 * (answers == truth).mean():.0f} % right, V in {100 * answers.mean():.0f} %, "
          f"true in {100 * truth.mean():.0f} %")
