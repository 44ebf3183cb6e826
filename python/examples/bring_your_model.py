"""Trains an LSTM to find heart beats, with its state carried over whole records, and exports it for runnel.

docs/bring-your-model.md tells the story: PYTHONPATH=python python3 python/examples/bring_your_model.py
"""
import hashlib
import torch
from torch import nn
import runnel_dataset, runnel_export

torch.manual_seed(1)
torch.set_num_threads(1)  # so small a network is no faster with more

class Beats(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 24)  # time first, as PyTorch has it where nothing is said
        self.head = nn.Linear(24, 3)

    def forward(self, x, state=None):  # (T, B, 1)
        y, state = self.lstm(x, state)
        return self.head(y), state

folder = "tutorial/whole"
about = runnel_dataset.manifest(folder)
records = list(runnel_dataset.records(folder))  # x (T, 1), y (T), mask (T)
x = torch.stack([torch.from_numpy(r.x) for r in records], dim=1)  # (T, B, 1): each record is a row of the batch
y = torch.stack([torch.from_numpy(r.y) for r in records], dim=1)  # (T, B)
y[~torch.stack([torch.from_numpy(r.mask) for r in records], dim=1)] = -1  # not to be learned

net = Beats()
optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
weight = torch.tensor([0.3, 1.0, 2.0])  # most frames have no beat
for epoch in range(1, 7):
    state, losses = None, []  # a record begins with zeros, once
    for first in range(0, len(x), 120):
        logits, state = net(x[first : first + 120], state)
        state = tuple(s.detach() for s in state)  # h and c live on, gradients end here
        wanted = y[first : first + 120]
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), weight, ignore_index=-1)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f}")

report = runnel_export.save(
    net, "tutorial/beats.safetensors", example=records[0].x, regime="carried",
    labels=about["classes"], rate=about["rate"], delay=about["delay"], trained_rate=about["trained_rate"],
    inputs=about["inputs"], conditioning=about["conditioning"],
    decide={"emit": "peaks", "enter": 0.5, "leave": 0.3},  # a label for each bump in the scores
    provenance={"script": hashlib.sha256(open(__file__, "rb").read()).hexdigest()})  # fmt: skip
print(f"tutorial/beats.safetensors: {report['difference']:.0e} from PyTorch; {report['notes'][0]}")
