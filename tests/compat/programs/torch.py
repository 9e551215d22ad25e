# SPDX-License-Identifier: LGPL-2.1-or-later
import torch
from torch.utils.data import DataLoader, TensorDataset

if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(64, 4)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Linear(4, 1)
    step = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(3):
        for a, b in DataLoader(TensorDataset(x, y), batch_size=16, num_workers=2):
            step.zero_grad()
            loss = torch.nn.functional.mse_loss(model(a), b)
            loss.backward()
            step.step()
    print(round(loss.item(), 4), torch.ones(3).share_memory_().is_shared())
