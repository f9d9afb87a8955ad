"""Which article an English noun takes: a cat, an owl, some shoes."""

# Plurals, and what is not counted.
_UNCOUNTED = frozenset(
    "arches,armor,berries,binoculars,boats,bread,broccoli,bubbles,chocolate,cloth,corn,"
    "cowboy boots,crutches,dishes,dough,fruit,guacamole,hair spray,hay,ice cream,jeans,makeup,"
    "mashed potatoes,mountains,pajamas,parallel bars,pasta,perfume,ruins,shoes,skis,stones,"
    "sunglasses,sunscreen,tights,toilet paper,tools,window blinds,wood,yarn".split(",")
)
# By its sound.
_A, _AN = ("uni", "eu"), ("hour",)


def article(noun):
    """The article of a noun: "a", "an", or "some" for a plural and for what is not counted.

    Args:
        noun: str, in lower case; it may hold spaces.
    """
    if noun in _UNCOUNTED:
        return "some"
    vowel = noun.startswith(_AN) or (noun[0] in "aeiou" and not noun.startswith(_A))
    return "an" if vowel else "a"
