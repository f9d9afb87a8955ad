"""Data sets: found or downloaded, checked, read and cleaned."""

from zoo.data.captions import flickr8k as flickr8k
from zoo.data.captions import flickr8k_image as flickr8k_image
from zoo.data.captions import plain_caption as plain_caption
from zoo.data.everyday import bcontrast as bcontrast
from zoo.data.everyday import tatoeba as tatoeba
from zoo.data.everyday import xdailydialog as xdailydialog
from zoo.data.files import find as find
from zoo.data.held_out import evaluation_pairs as evaluation_pairs
from zoo.data.pairs import PairsRead as PairsRead
from zoo.data.pairs import clean as clean
from zoo.data.pairs import comparable as comparable
from zoo.data.pairs import inspect_pairs as inspect_pairs
from zoo.data.pairs import read_pairs as read_pairs
from zoo.data.sources import SOURCES as SOURCES
from zoo.data.sources import Source as Source
from zoo.data.texts import poem_lines as poem_lines
from zoo.data.texts import quatrains as quatrains
from zoo.data.texts import scifi as scifi
from zoo.data.texts import tiny_shakespeare as tiny_shakespeare
from zoo.data.translation import docs_fr_de as docs_fr_de
from zoo.data.translation import docs_zh_en as docs_zh_en
from zoo.data.translation import multi30k as multi30k
from zoo.data.translation import multi30k_tokenized as multi30k_tokenized
from zoo.data.translation import tatoeba_zh_en as tatoeba_zh_en
from zoo.data.translation import three_am as three_am
