"""Loaders of what people did one after the other: films that they rated, tasks that they solved."""

import random

from zoo.data.checks import check
from zoo.data.files import read_lines

_LEARNERS = ("assist2009_updated", "assist2015")
_HELD_OUT = 10  # of the training pupils, one in ten, by chance
_FOLDER = "movielens/ml-1m"


def movielens(split, data_dir=None):
    """Films that 6,040 people rated, in the order of time: MovieLens-1M, leave one out.

    The last film of each history is the one of the test, the one before it that of validation.

    Args:
        split: `"train"`, `"val"` or `"test"`.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        Of `"train"` a list of histories without their last two films, each a list of str, names of
        films. Of the others a list of `(history, film)`: what came before, and what came next.

    Raises:
        ValueError: an unknown split, or a damaged file.
        FileNotFoundError: the set is not here.

    Reference:
        Harper and Konstan 2015, The MovieLens Datasets: History and Context.
    """
    check("split", split, ("train", "val", "test"))
    names = dict(_films(data_dir))
    histories = [[names[film] for film in row] for row in _rated(data_dir)]
    if split == "train":
        return [films[:-2] for films in histories]
    last = -2 if split == "val" else -1
    return [(films[:last], films[last]) for films in histories]


def movielens_films(data_dir=None):
    """The films of MovieLens-1M that somebody rated: 3,706.

    Args:
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of `(number, name)`, such as `(1, "Toy Story (1995)")`, in the order of the numbers,
        which are those of MovieLens. No two have one name.

    Raises:
        as `movielens`.
    """
    rated = {film for row in _rated(data_dir) for film in row}
    return [(number, name) for number, name in _films(data_dir) if number in rated]


def learners(name, split, data_dir=None):
    """What pupils answered one after the other: ASSISTments, in the split of DKVMN.

    Args:
        name: `"assist2009_updated"` (110 skills; 2,628, 293 and 1,230 pupils) or `"assist2015"`
            (100 skills; 12,541, 1,394 and 5,905 pupils).
        split: `"train"`, `"val"` or `"test"`. The set has no validation split: it is every tenth of
            the training pupils, in an order by chance, and `"train"` is the others.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of sequences, each a list of `(skill, right)`: an int from 1, and True or False.

    Raises:
        ValueError: an unknown name or split, or a damaged file.
        FileNotFoundError: the set is not here.

    Reference:
        Feng, Heffernan and Koedinger 2009, Addressing the assessment challenge with an online
        system that tutors as it assesses; the split is that of Zhang et al. 2017, Dynamic Key-Value
        Memory Networks for Knowledge Tracing.
    """
    check("name", name, _LEARNERS)
    check("split", split, ("train", "val", "test"))
    file = "test" if split == "test" else "train"
    lines = read_lines(f"learners/{name}.{file}.csv", data_dir)
    pupils = [
        [(int(skill), float(right) > 0) for skill, right in zip(*map(_cells, pair), strict=True)]
        for pair in zip(lines[1::3], lines[2::3], strict=True)
    ]
    if split == "test":
        return pupils
    random.Random(1).shuffle(pupils)
    if split == "val":
        return pupils[::_HELD_OUT]
    return [pupil for i, pupil in enumerate(pupils) if i % _HELD_OUT]


def skills(name, data_dir=None):
    """Names of the skills of `learners`, where they have any: dict of number -> str."""
    check("name", name, _LEARNERS)
    if name != "assist2009_updated":
        return {}
    lines = read_lines(f"learners/{name}.skills.txt", data_dir)
    return {int(number): text.strip() for number, _, text in (x.partition("\t") for x in lines)}


def _films(data_dir):
    lines = read_lines(f"{_FOLDER}/movies.dat", data_dir)
    return [(int(line.split("::")[0]), line.split("::")[1]) for line in lines]


def _rated(data_dir):
    """The numbers of the films of each person, in the order of time."""
    lines = read_lines(f"{_FOLDER}/sequences.txt", data_dir)
    return [[int(film) for film in line.partition("\t")[2].split()] for line in lines]


def _cells(line):
    return line.strip().strip(",").split(",")
