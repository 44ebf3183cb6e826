"""Trains an LSTM to tell windows with a ventricular beat, each from a fresh state, and exports it for runnel.

docs/bring-your-model.md tells the story: PYTHONPATH=python python3 python/examples/bring_your_windows.py
"""
import hashlib
import torch
from torch import nn
import runnel_dataset, runnel_export

torch.manual_seed(1)
torch.set_num_threads(1)  # so small a network is no faster with more

class Alarm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 16, batch_first=True)
        self.head = nn.Linear(16, 2)

    def forward(self, x):  # (N, T, 1)
        _, (h, _) = self.lstm(x)  # from zeros, every time
        return self.head(h[-1])  # one answer a window

folder = "tutorial/windows"
about = runnel_dataset.manifest(folder)
cut = about["window"]
X, y, mask = runnel_dataset.windows(folder)  # (N, T, 1), (N, T): a class for each frame, of --target all
ventricular = about["classes"].index("V")
wanted = (y[:, :-12] == ventricular).any(1)  # a beat in the last 0.2 s is not yet whole
X, wanted = torch.from_numpy(X), torch.from_numpy(wanted).long()

net = Alarm()
optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(1, 9):
    right = 0
    for batch in torch.randperm(len(X)).split(64):
        logits = net(X[batch])
        loss = nn.functional.cross_entropy(logits, wanted[batch])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        right += (logits.argmax(1) == wanted[batch]).sum().item()
    print(f"epoch {epoch}: {100 * right / len(X):.1f} % of {len(X)} windows right")

report = runnel_export.save(
    net, "tutorial/alarm.safetensors", example=X[:64], regime="windowed", window=cut["length"], hop=cut["hop"],
    labels=["quiet", "V"], rate=about["rate"], delay=about["delay"], trained_rate=about["trained_rate"],
    inputs=about["inputs"], conditioning=about["conditioning"],
    decide={"emit": "change"},  # a label where it changes
    provenance={"script": hashlib.sha256(open(__file__, "rb").read()).hexdigest()})  # fmt: skip
print(f"tutorial/alarm.safetensors: {report['difference']:.0e} from PyTorch; {report['notes'][0]}")
