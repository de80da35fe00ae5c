"""One thread and no display: the same run everywhere."""

import torch

torch.set_num_threads(1)
