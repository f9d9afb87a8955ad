"""Data sets: found or downloaded, checked, read and cleaned."""

from zoo.data.files import find as find
from zoo.data.pairs import clean as clean
from zoo.data.pairs import read_pairs as read_pairs
from zoo.data.sources import SOURCES as SOURCES
from zoo.data.sources import Source as Source
from zoo.data.translation import docs_fr_de as docs_fr_de
from zoo.data.translation import docs_zh_en as docs_zh_en
from zoo.data.translation import multi30k as multi30k
from zoo.data.translation import multi30k_tokenized as multi30k_tokenized
from zoo.data.translation import tatoeba_zh_en as tatoeba_zh_en
from zoo.data.translation import three_am as three_am
