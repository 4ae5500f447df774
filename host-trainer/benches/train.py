#!/usr/bin/env python3
"""Trains the networks of `spinet bench train` with PyTorch, and compares.

    cargo build --release
    python host-trainer/benches/train.py                    # speed: the two in turn, medians, ratios
    python host-trainer/benches/train.py --check            # losses: the same steps from the same weights

Needs `torch` from PyPI. Both sides train in float32 with Adam (PyTorch's fused one, its fastest on
a CPU) on the same shapes, and every embedding's or kernel's gradient counts as dense. Everything
is measured with 1 and with 2 threads; a ratio is that of the better ones. PyTorch has no look-up
for a one-hot input, so it is given the fastest equivalent: 10,000 words are looked up in a table
that enters the layer through a fixed identity; 65 symbols are multiplied as one-hot vectors.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

# Name: cell, input (embedding dimension, or how one-hot), vocabulary, units, sequences, steps.
JOBS = {
    "simple-rnn-100": (nn.RNN, 32, 10_000, 100, 32, 50),
    "one-hot-rnn-100": (nn.RNN, "table", 10_000, 100, 32, 50),
    "gru-64": (nn.GRU, 32, 10_000, 64, 64, 400),
    "lstm-64": (nn.LSTM, 32, 10_000, 64, 64, 400),
    "char-lstm-128": (nn.LSTM, "one-hot", 65, 128, 50, 100),
}
BATCHES = 16
WARM_UP = 20
GATES = {nn.RNN: 1, nn.GRU: 3, nn.LSTM: 4}


class Numbers:
    """The generator of `spinet bench`: Knuth's MMIX."""

    def __init__(self, seed):
        self.x = seed

    def __next__(self):
        self.x = (6364136223846793005 * self.x + 1442695040888963407) & (2**64 - 1)
        return self.x >> 32

    def tensor(self, rows, columns):
        values = [(next(self) >> 8) / 2**23 - 1 for _ in range(rows * columns)]
        limit = 1 / torch.tensor(rows, dtype=torch.float32).sqrt()
        return limit * torch.tensor(values, dtype=torch.float32).reshape(rows, columns)


class Model(nn.Module):
    def __init__(self, cell, kind, vocabulary, units):
        super().__init__()
        self.kind, self.vocabulary = kind, vocabulary
        self.stream = kind == "one-hot"
        size = {"table": units, "one-hot": vocabulary}.get(kind, kind)
        if kind != "one-hot":
            self.embedding = nn.Embedding(vocabulary, size)
        self.cell = cell(size, units)
        if kind == "table":
            nn.init.eye_(self.cell.weight_ih_l0.requires_grad_(False))
        self.head = nn.Linear(units, vocabulary if self.stream else 1)

    def forward(self, tokens, state):
        if self.stream:
            x = functional.one_hot(tokens, self.vocabulary).float()
        else:
            x = self.embedding(tokens)
        out, state = self.cell(x, state)
        return self.head(out if self.stream else out[-1]), state

    @torch.no_grad()
    def fill(self):
        """The weights of `spinet bench`, in its order; kernels are transposed here."""
        numbers, cell, units = Numbers(1), self.cell, self.cell.hidden_size
        gates = GATES[type(cell)]
        if self.kind != "one-hot":
            self.embedding.weight.copy_(numbers.tensor(*self.embedding.weight.shape))
        if self.kind != "table":
            cell.weight_ih_l0.copy_(numbers.tensor(cell.input_size, gates * units).T)
        cell.weight_hh_l0.copy_(numbers.tensor(units, gates * units).T)
        cell.bias_ih_l0.copy_(numbers.tensor(1, gates * units)[0])
        cell.bias_hh_l0.zero_()
        if gates == 3:
            cell.bias_hh_l0[2 * units :] = numbers.tensor(1, units)[0]
        self.head.weight.copy_(numbers.tensor(units, self.head.out_features).T)
        self.head.bias.copy_(numbers.tensor(1, self.head.out_features)[0])

    def one_bias(self):
        """spinet adds one bias up where PyTorch adds two: the second one stays zero."""
        first = 2 * self.cell.hidden_size if isinstance(self.cell, nn.GRU) else None
        mask = torch.zeros_like(self.cell.bias_hh_l0)
        if first:
            mask[first:] = 1
        self.cell.bias_hh_l0.register_hook(lambda gradient: gradient * mask)


class Drill:
    def __init__(self, name):
        cell, kind, vocabulary, units, sequences, steps = JOBS[name]
        numbers, count = Numbers(2), BATCHES * sequences
        tokens = torch.tensor([next(numbers) % vocabulary for _ in range(count * steps + 1)])
        labels = torch.tensor([float(next(numbers) % 2) for _ in range(count)])
        self.model = Model(cell, kind, vocabulary, units)
        self.model.fill()
        if self.model.stream:
            lanes = lambda shift: tokens[shift : count * steps + shift].reshape(sequences, BATCHES, steps)
            inputs, targets = (lanes(shift).permute(1, 2, 0).contiguous() for shift in (0, 1))
        else:
            inputs = tokens[:-1].reshape(BATCHES, sequences, steps).permute(0, 2, 1).contiguous()
            targets = labels.reshape(BATCHES, sequences)
        self.batches, self.tokens = list(zip(inputs, targets)), sequences * steps
        learnt = [p for p in self.model.parameters() if p.requires_grad]
        self.adam = torch.optim.Adam(learnt, lr=1e-3, eps=1e-7, fused=True)
        self.steps, self.state = 0, None

    def step(self):
        number = self.steps % BATCHES
        tokens, target = self.batches[number]
        self.steps += 1
        state = self.state if self.model.stream and number else None
        self.adam.zero_grad()
        logits, state = self.model(tokens, state)
        if self.model.stream:
            self.state = tuple(part.detach() for part in state)
            loss = functional.cross_entropy(logits.flatten(0, 1), target.flatten())
        else:
            loss = functional.binary_cross_entropy_with_logits(logits[:, 0], target)
        loss.backward()
        self.adam.step()
        return loss


def torch_speed(drill, threads, seconds):
    torch.set_num_threads(threads)
    for _ in range(WARM_UP):
        drill.step()
    start, tokens = time.perf_counter(), 0
    while True:
        drill.step()
        tokens += drill.tokens
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return tokens / elapsed


def spinet(arguments, job, *more):
    command = [arguments.spinet, "bench", "train", "--json", "--job", job, *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def compare_speed(arguments, job):
    """The two in turn, so that what else the machine does meets both alike."""
    drill, found = Drill(job), {}
    for _ in range(arguments.rounds):
        for threads in (1, 2):
            options = ("--threads", str(threads), "--seconds", str(arguments.seconds))
            ours = spinet(arguments, job, *options)["tokens_per_second"]
            found.setdefault(("spinet", threads), []).append(ours)
            theirs = torch_speed(drill, threads, arguments.seconds)
            found.setdefault(("torch", threads), []).append(theirs)
    medians = {key: statistics.median(values) for key, values in found.items()}
    ours, theirs = (max(medians[who, threads] for threads in (1, 2)) for who in ("spinet", "torch"))
    columns = "".join(f"{medians[who, n]:>12,.0f}" for who in ("spinet", "torch") for n in (1, 2))
    print(f"{job:<16}{columns}{ours / theirs:>8.2f}", flush=True)


def compare_losses(arguments, job):
    drill = Drill(job)
    drill.model.one_bias()
    theirs = [drill.step().item() for _ in range(arguments.steps)]
    right = True
    for threads in (1, 2):
        options = ("--threads", str(threads), "--losses", str(arguments.steps))
        ours = spinet(arguments, job, *options)["losses"]
        worst = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
        right &= worst <= arguments.tolerance
        print(f"{job:<16}{threads:>8}{ours[-1]:>12.6f}{theirs[-1]:>12.6f}{worst:>12.2e}", flush=True)
    return right


def main():
    root = Path(__file__).resolve().parents[2]
    target = Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--spinet", default=str(target / "release" / "spinet"), help="the command")
    parser.add_argument("--job", choices=JOBS, action="append", help="only this job")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each")
    parser.add_argument("--seconds", type=float, default=1.5, help="seconds of each measurement")
    parser.add_argument("--check", action="store_true", help="compare losses instead of speed")
    parser.add_argument("--steps", type=int, default=50, help="steps whose losses are compared")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="largest difference of a loss")
    arguments = parser.parse_args()
    jobs = arguments.job or list(JOBS)
    if arguments.check:
        print(f"{'job':<16}{'threads':>8}{'spinet':>12}{'PyTorch':>12}{'worst':>12}")
        # A list, so that every job is compared whatever the one before gave.
        return 0 if all([compare_losses(arguments, job) for job in jobs]) else 1
    columns = "".join(f"{who + ' x' + str(n):>12}" for who in ("spinet", "PyTorch") for n in (1, 2))
    print(f"{'tokens/s':<16}{columns}{'ratio':>8}")
    for job in jobs:
        compare_speed(arguments, job)
    return 0


if __name__ == "__main__":
    sys.exit(main())
