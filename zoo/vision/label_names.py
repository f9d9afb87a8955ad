"""What people call the 1,000 classes of ImageNet."""

from importlib import resources

LANGUAGES = ("en", "zh")


def label_names(language="en"):
    """The everyday name of each class of ImageNet, in the order of the classes.

    Classes that people do not tell apart have one name: all dogs are "dog", a coffee mug is "cup".

    Args:
        language: "en" or "zh".

    Returns:
        list of 1,000 str, empty where a class has no name that helps (a web site).

    Raises:
        ValueError: another language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language must be en or zh; got language={language!r}.")
    text = (resources.files("zoo.vision") / "label_names.tsv").read_text(encoding="utf-8")
    column = 1 + LANGUAGES.index(language)
    return [line.split("\t")[column] for line in text.splitlines()]
