"""Who speaks in a conversation: other names for them, and turns to guess from the others."""

import collections
import random
import re

_TAG = re.compile(r"#person(\d)#", re.IGNORECASE)
_GAP = "..."  # what stands where a turn was
_SHORTEST = 4  # words of a turn that is worth guessing

_NAMES = """Aaron Abby Adam Adele Adrian Agnes Aiden Alan Albert Alex Alexa Alice Alicia Alison
Amanda Amber Amelia Amy Andrea Andrew Andy Angela Angie Anna Anne Annie Anthony April Arthur
Ashley Audrey Austin Barbara Barry Beatrice Becky Belinda Ben Benjamin Bernard Beth Betty Bianca
Bill Billy Blake Bob Bobby Bonnie Brad Bradley Brandon Brenda Brian Bridget Brittany Bruce Bryan
Caleb Cameron Camilla Carl Carla Carlos Carol Caroline Carrie Casey Cassie Catherine Cecilia
Charlene Charles Charlie Charlotte Chelsea Chloe Chris Christina Christine Christopher Cindy
Claire Clara Claudia Colin Connie Connor Corey Craig Crystal Curtis Cynthia Daisy Dan Daniel
Danielle Danny Darren Dave David Dawn Dean Debbie Deborah Denise Dennis Derek Diana Diane Dominic
Don Donald Donna Doris Dorothy Doug Douglas Duncan Dylan Ed Eddie Edith Edward Eileen Elaine
Eleanor Elena Elizabeth Ella Ellen Ellie Emily Emma Eric Erica Erin Ethan Eugene Eva Evan Eve
Evelyn Faith Felicia Felix Fiona Florence Frances Francis Frank Fred Gabriel Gary Gavin Gemma
Geoffrey George Georgia Gerald Gina Glen Gloria Gordon Grace Graham Greg Gregory Hailey Hannah
Harold Harriet Harry Harvey Heather Hector Heidi Helen Helena Henry Holly Howard Hugh Ian Ida
Irene Iris Isaac Isabel Isabella Ivan Ivy Jack Jackie Jacob Jade Jake James Jamie Jan Jane Janet
Janice Jason Jasmine Jay Jean Jeff Jenna Jennifer Jenny Jeremy Jerry Jess Jesse Jessica Jill Jim
Jimmy Jo Joan Joanna Joe Joel John Johnny Jonathan Jordan Joseph Josh Joshua Joyce Juan Judith
Judy Julia Julian Julie June Justin Karen Karl Kate Katherine Kathy Katie Kayla Keith Kelly Ken
Kenneth Kerry Kevin Kim Kimberly Kirsten Kyle Larry Laura Lauren Lawrence Leah Lena Leo Leonard
Leslie Lewis Liam Lily Linda Lisa Liz Logan Lois Lola Louis Louise Lucas Lucy Luke Lydia Lynn
Maggie Marcus Margaret Maria Marie Marilyn Mario Marion Mark Marlene Martha Martin Mary Mason Matt
Matthew Maureen Max Maxine Maya Megan Melanie Melissa Mia Michael Michelle Mike Mila Miranda
Mitchell Molly Monica Morgan Nancy Naomi Natalie Natasha Nathan Neil Nelson Nicholas Nick Nicole
Nigel Nina Noah Nora Norman Olga Oliver Olivia Oscar Owen Pam Pamela Patricia Patrick Paul Paula
Peggy Penny Peter Phil Philip Phoebe Polly Rachel Ralph Randy Ray Raymond Rebecca Rhonda Richard
Rick Rita Rob Robert Robin Roger Ron Ronald Rosa Rose Rosie Ross Roy Ruby Russell Ruth Ryan
Sabrina Sally Sam Samantha Samuel Sandra Sara Sarah Scott Sean Sebastian Sharon Shaun Sheila
Shirley Sid Simon Sofia Sonia Sophia Sophie Stacy Stan Stanley Stella Stephanie Stephen Steve
Steven Stuart Sue Susan Suzanne Sylvia Tamara Tammy Tanya Tara Ted Teresa Terry Theo Theresa
Thomas Tiffany Tim Timothy Tina Toby Todd Tom Tommy Toni Tony Tracy Travis Trevor Tyler Valerie
Vanessa Vera Veronica Vicky Victor Victoria Vincent Violet Virginia Vivian Walter Wanda Warren
Wayne Wendy William Zach Zoe""".split()


def named(texts, rng):
    """Texts of one conversation, with a first name in place of each `#Person1#`.

    Args:
        texts: list of str, such as a dialogue and its summary.
        rng: a `random.Random`.

    Returns:
        list of str; one speaker has one name in all texts, and two have two.
    """
    tags = sorted({number for text in texts for number in _TAG.findall(text)})
    names = dict(zip(tags, rng.sample(_NAMES, len(tags)), strict=True))
    return [_TAG.sub(lambda tag: names[tag[1]], text) for text in texts]


def named_copies(pairs, copies, seed=0):
    """The pairs, and so many copies of each beside it with names for the speakers.

    A summariser that has seen no speaker but `#Person1#` writes that for anyone.

    Args:
        pairs: list of (dialogue, summary).
        copies: int.
        seed: of the choice of the names.

    Returns:
        list of (dialogue, summary), the copies of a pair behind it.
    """
    rng = random.Random(seed)
    found = []
    for pair in pairs:
        found.append(tuple(pair))
        found += [tuple(named(pair, rng)) for _ in range(copies)]
    return found


def spoken(turns):
    """Turns of two who take turns -> one str, a line each, `#Person1#: ` or `#Person2#: ` first."""
    return "\n".join(f"#Person{1 + i % 2}#: {turn}" for i, turn in enumerate(turns))


def gap_pairs(dialogues, share=0.2, seed=0):
    """Conversations with some turns left out, and these turns: what a summariser can start from.

    The turns that are left out are, for every other conversation, those that have most words in
    common with all others; else they are picked at random.

    Args:
        dialogues: list of str, a conversation each, the speaker first in every line.
        share: of the turns that are left out; at least one is, and one stays.
        seed: of the choice.

    Returns:
        list of (dialogue with gaps, missing turns in their order without their speakers); there is
        none of a conversation of fewer than three turns with words.

    Reference:
        Zhang et al. 2020, PEGASUS: Pre-training with Extracted Gap-sentences for Abstractive
        Summarization, section 3.1 (principal, scored independently, and random).
    """
    rng = random.Random(seed)
    pairs = []
    for number, dialogue in enumerate(dialogues):
        lines = [line.partition(": ")[::2] for line in dialogue.splitlines()]
        words = [collections.Counter(re.findall(r"\w+", text.lower())) for _, text in lines]
        able = [i for i, bag in enumerate(words) if bag.total() >= _SHORTEST]
        if len(able) < 3:
            continue
        count = min(len(able) - 1, max(1, round(share * len(lines))))
        rng.shuffle(able)
        if number % 2:
            every = sum(words, collections.Counter())
            able.sort(key=lambda i: _overlap(words[i], every - words[i]), reverse=True)
        gaps = sorted(able[:count])
        source = [f"{who}: {_GAP if i in gaps else text}" for i, (who, text) in enumerate(lines)]
        pairs.append(("\n".join(source), " ".join(lines[i][1] for i in gaps)))
    return pairs


def _overlap(bag, others):
    """The F1 of the words that a turn has in common with the others."""
    common = (bag & others).total()
    return 2 * common / max(1, bag.total() + others.total())
