"""The data sets: their files and checksums, where they come from, and on what terms."""

from dataclasses import dataclass
from typing import NamedTuple


class File(NamedTuple):
    """One file of a set.

    `sha256` is the checksum of the plain text with LF line ends, or of a file that is no text;
    `url`, where there is one, is the public file that holds this text, plain or as `.gz`.
    """

    sha256: str
    url: str | None = None


@dataclass(frozen=True)
class DatasetInfo:
    """A data set, as an error message or a model card needs to speak of it.

    Attributes:
        title: what the set is called in running text.
        origin: where its texts come from.
        terms: the licence or conditions of use.
        citation: how to cite it.
        files: path below the data directory -> `File`.
    """

    title: str
    origin: str
    terms: str
    citation: str
    files: dict[str, File]


_MULTI30K = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1"
# The repository has no release: the commit that holds the texts stands for one.
_3AM = "https://raw.githubusercontent.com/MaxyLee/3AM/874c30c1c2d5298d26025af34aac4f5bc9fd76b3/data"

_MULTI30K_RAW = {
    "train.en": "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6",
    "train.de": "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72",
    "train.fr": "5925a3c18f1587b6b54b87743106e6e8ab93618edb6f65d19eac0621f853a10d",
    "val.en": "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227",
    "val.de": "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660",
    "val.fr": "5304e444d842e962b2dda4d816b70b22a1765b15401642b7ca37a67477e708dc",
    "test_2016_flickr.en": "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182",
    "test_2016_flickr.de": "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16",
    "test_2016_flickr.fr": "cb3160d69b002bb638e66cc7612fcd56cb0af82eadc9c142dedc438afb885ef6",
}
_MULTI30K_TOKENIZED = {
    ("val", "en"): "46573ce391ae227f1c72f873392436a20ef18e0a6d518098cfbd70b77c8572ec",
    ("val", "de"): "97232bd273eceb7207f689527386a97e4be2616b18ada47576bdaf96c8ae1f00",
    ("val", "fr"): "b303e301aa21fe7822a846b2b3fb2d5a1121ec807cd5b1d006fb7b2b5507168a",
    ("test_2016_flickr", "en"): "5b7f32627cf99eced828311b955dae9800bb52bc8b91cf8b6526829e605b29d2",
    ("test_2016_flickr", "de"): "c6a33d39d48f9f510de147651316cd9d918e09ad0219df734a2f16b6baccacc4",
    ("test_2016_flickr", "fr"): "1463bd5960f9bfe098ec3cd752d3df0c49c84dc646fb518964a29232658cd836",
}
_3AM_TEXTS = {
    "3am.train.zh": "ef6664af8f0fdfef14ca55ba832b20a73fdcb2576c2de41913f2c53c2f15708d",
    "3am.train.en": "3b839b554de9aa369a199d1f1e42779a3c9c3491a9396c5b5b1a0bbd815db175",
    "3am.val.zh": "4bb831d994db78b14a2a652cfc6baad264d9d16ccdc4b5650092f94e3bc6af7d",
    "3am.val.en": "7143a3ba2e84454b72df30e7248cac15168273c0735d0483360e6b2699e9fabd",
}

_NOVELS = {
    "a_princess_of_mars": ("9f005a64529b54579bb0417c7094e99e8c40ac3fc0287d98c50f3a21dcf69c3a"),
    "frankenstein": ("b94d0e78527136587ff1149d22ac4dd40b3ddd82f821f2faa585d99ba4a0c8fd"),
    "the_first_men_in_the_moon": (
        "869f34a6630fa1b70174d7e27fd925891b3d4b0d95714204a2eb33f5389edf94"
    ),
    "the_invisible_man": ("faea92df8e509faa3cbdcbfcba32e8aba3677d35821ec4e8c8bf8e056108e86f"),
    "the_island_of_doctor_moreau": (
        "6e4be11619fc307dd76ce0201a646f94f9ae27def5f89b3fb0cd2f6e88df410e"
    ),
    "the_time_machine": ("ddc5b7195fb6cd86759bd8b8bc645f9cfdb552254d186a8cebe68da6e7c629ff"),
    "the_war_of_the_worlds": ("b3392949b56cdfdd67a320492e707a26a9f8deca8c075f5f1ff8ecb752ddf273"),
    "twenty_thousand_leagues_under_the_sea": (
        "9f5a0b1728a768aeacd156fc3525e93cc7e7855b80bb49696f685fd39fcec5b8"
    ),
}

_CAPTIONS = {
    "train.en": "a6c64eec17af6c522427bf97db3e8da33c58a256d19f91d67b357b89084fb826",
    "val.en": "454153ee011b5f58ccdeb74c327aafb8675947c7bddb04e656cc378366e4eafa",
    "test.en": "d249f11a4f6b5b7b41d832d2439640d322d2fe72d130cee1342b825b5fa3dde5",
    "train.zh": "c209bf5630f3de85d95a43f2e867286bff39907a8a78432b54ef07f6be2be8a7",
    "val.zh": "321c40500c652e75b4948befffbb6fe78c9719a992770a45a480b7af16be06bd",
    "test.zh": "225dd4c6a8d9b566509c225bfd67401d5aaa37e622c840a096692da7ab3d7ff7",
}

_COCO = {
    "captions.val.en.tsv": "4afd27546f91fb96d706c2287618230c46c42581d01fe497dee4aba48afcb4d8",
    "sentences.en.txt": "b1632b6bf8da35991b74392f382d0037b4a2e210eda50b8aaa5c9c16cb8d874e",
    "sentences.zh.txt": "8ed300eb14f520885cf9a1ec41a4040d7e748ba6c2965aa8cd54e5b8d6dc62af",
}

_TATOEBA = {
    "de_en.train.tsv": "6919cf0bb39dac98407a3b7b5114956bd830f1fc7174738135737627d95d3681",
    "de_en.val.tsv": "dfe2c37c234376ae0289ca6ac284ee88a9c32143a659978333e2aa80f5730392",
    "de_en.test.tsv": "46349dd01525c4b8e84c2aefde4337659d90dc3929dc7323e8def7aaf5817d2a",
    "fr_de.train.tsv": "f010025a4e2adf4ae751a04dd0e8445b42aa95f34f97454d814d644bbd93235b",
    "fr_de.val.tsv": "0fce08583a207b2eb1b431e4154a3e919ccc5d66edfdb79913f9a544fde31204",
    "fr_de.test.tsv": "1342cf05f61047e078773085de192e3b2b875f8f4c3f69c676ca4239825ea1fe",
    "fr_en.train.tsv": "33b4dd85c1cf4b358f5b7b64a966c748cbfe2e73cb1ab57462657ce6da04007e",
    "fr_en.val.tsv": "709f2d63ef38ee8e726d1f4f6e97b6be4c685599eb7dc771d5bd1f08fc9c4c06",
    "fr_en.test.tsv": "0e691e66ad197f48fbc74ca58e9f0afca9c6f7d7fefbe7a18a149585f26489da",
}
_XDAILYDIALOG = {
    "train.tsv": "f7b8c4acf40362f4d3ed39973ba84f41f62aa2867f20f0cbdd1dbc91ba2aead7",
    "val.tsv": "1d010ada92fddae296c5d265daafe75a71935bc3583f9e4a0a61c8d1db4e56d2",
    "test.tsv": "f737a7ba487a6f22533b4fdb00f9cb881bc11d05e8fd242c04bed16ed6fb165f",
}
_BCONTRAST = {
    "train.tsv": "220a8156168178c6b1ebf415ee4f26a9a35deaa0112c71a6cb0998dcb8cb4dd5",
    "val.tsv": "e8d1d1b34bebe963b1205024ba014337f8c745c9d38a0e0d7d06e861819b6cc9",
}

_SST2 = {
    "train": "4bdc38ba1cf151a802f72b0ba750d22404ad7103b6597b8c39b875a9f28f0b9c",
    "val": "5a6e516ec8c2ece1c86fe5c2877de566d35cd4b364395382a790c222cfd49915",
    "test": "c204bc7652500e47fab2711fbebdf87f7491ec6aad8a2b806346f7d53f4634e0",
}
_TREC = {
    "train": "0ff4b7da74263c64dc129063fbf30a9ef77d7f9a8d512365101caf4867e7803e",
    "test": "611cb7bec381d358247141f7ab5b3fec24a517640a1897e6bb39dd32e7dab5a6",
}
_SHOPPING = {
    "train": "8651cad90aee3a082a9cdbad5569f627915fc65f397d9b651d97dd459f757a39",
    "val": "eb991adb83d992a0324e0c47dbb670d626b5a83953dd418a1311f6594c9048a6",
    "test": "1bf8f33a2b05900b47cd9a22e3c8df5c2886c8b72deb578152b32d26ed94a952",
}

_MOVIELENS = {
    "movies.dat": "12d56985213881321ac5e64c82d7c926a1333f9b10003974144763f073aeeb4e",
    "sequences.txt": "3cdc258ea8c3adf52369a003b36328c8b51c619f01abd1c72b64bd3eab50525e",
}
_LEARNERS = {
    "assist2009_updated.skills.txt": (
        "fe9375c05ef1eced388179f968babcf3553dc19f1d19ddf89bf91fa809bbec29"
    ),
    "assist2009_updated.train.csv": (
        "5b851c65f665474a0993d86e87901adb1e0916c0d80fe7fce4096e6641924c74"
    ),
    "assist2009_updated.test.csv": (
        "2e8f1d7600543aededa31323343f7d762b8f51c53c0caca852e813b67fe4e823"
    ),
    "assist2015.train.csv": "281f952fcbcc0572b40b43baea9844d66ebf63424671d09bd91a01ff4a55ae18",
    "assist2015.test.csv": "c7d706f31c950a0cf9a84b5173b2e0058c45be3da96b4e8ba1c7847e91cee895",
}

_ANSWERS = {
    "wikiqa": {
        "train": "006a4c27b537aaabe3393da798c523735498e0c194fb23e2b5c74e99f1656676",
        "val": "02f4fc18980734855c2444b22b1dfffebcaaaad16523d82fc516079a35ba1f72",
        "test": "de7d159efb4374743f6e7bf910929afe9f4f4add688ca1cc64cfd5eeee608443",
    },
    "trecqa": {
        "train": "3befaa0f731332f317e89f7fc747dea50ff5645b45026b9d9d6abb73dbc4d429",
        "val": "e3849e8df1749a46bc83102b5589416a9c0dc2b9243ea6e7693ab0765afa81c7",
    },
    "atec": {
        "train": "7c726e8a9ce51d21e05017c21b164d6c59b9fff76edb04a57772509729219fb9",
        "val": "1195be270320bf0103c15ac5b64de48fcc106cfde309efd8cec65029cccfb4ac",
        "test": "0a7a3d724797fec6bd7c041b4f00fb3bc97cd57cb6c5bbc819213d0d5c9b644a",
    },
}
_NFCORPUS = {
    "docs.tsv": "811575446b18f234118cdcc802f3acdab5577709ae7205d48ae6b8504b84a919",
    "train.titles.queries": "b3ac36c83fc871d3478e4f8f9a2d11a56bb41b1e489c0b0fdf2a8d333bc69396",
    "train.2-1-0.qrel": "82a0b9159db8ae5d7ba530a0da6c5488e167f65df80f16253850556c4848534f",
    "dev.titles.queries": "548d2deef61bdc5a9db538f12679c503eb1b117c8ad7d8517493fdb4d5741ca6",
    "dev.2-1-0.qrel": "7828a511ee263e09cb4d9e01c8f7adb4101877f1bc84af2b370af9854d72ffe2",
    "test.titles.queries": "be3c7287d8784ab6f24e215693cdb0716468ff090252147415abe26a056a2648",
    "test.2-1-0.qrel": "854da1b7a95e32383e508a89bf62848dd12b7aed28d2e35796e0190dfb97c3ae",
}


def _answers(name):
    return {f"answers/{name}.{split}.tsv": File(sha256) for split, sha256 in _ANSWERS[name].items()}


_DAILYDIALOG = {
    "train.jsonl": "7246245709e71cb84900cecc781fb23fb1ac43d2a35daaf7101e08a7c5fe60f3",
    "val.jsonl": "7f7c1cdf959caa1b43daed0b4e9f38ff3ee4b316fd99f74494dcf8d836117913",
    "test.jsonl": "3ca24c19e82259659f7f52a70c816d30a58f5cdfcac0b4fe18c2d3f15c0dc6ce",
    "test.multiref.jsonl": "7f45b3dceff4bb85a65e10e662c72d95f1944f931851bf3a1d5bea7f515b3bbf",
}
_CHINESE = {
    "train.jsonl": "d52a102606354950f1df7b00622d5778c93f07e2bbe1e068fe32914a06f7e7a0",
    "val.jsonl": "db3d645122910e77a58980962827a31e3572c60ca2a26fa646b054de83c56a16",
    "test.jsonl": "c62464559414c4f9c5ef898b04e46b274a2a7fb339d1c98288ac29335192e2a9",
}
_DIALOGSUM = {
    "train.jsonl": "0b80b0d4eebbca5b3bcf00ceb13647f0f863b71b9aaae8b74dd444bb78134db2",
    "val.jsonl": "95d587e8e94276078bb2a94fa56560b33ac155746d6909c8ca6e4d860e4589f0",
    "test.jsonl": "be80fd1820aaa4e001273f9a0daf0ba557adc4e8b013a4ddb56c6fa62ea088cb",
}

DATASETS = {
    "multi30k": DatasetInfo(
        title="Multi30k",
        origin="https://github.com/multi30k/dataset",
        terms="research and education, non-commercial",
        citation=(
            "Elliott, Frank, Sima'an and Specia (2016), Multi30K: Multilingual English-German "
            "Image Descriptions; Elliott, Frank, Barrault, Bougares and Specia (2017), Findings of "
            "the Second Shared Task on Multimodal Machine Translation and Multilingual Image "
            "Description"
        ),
        files={
            f"multi30k/{name}": File(sha256, f"{_MULTI30K}/raw/{name}.gz")
            for name, sha256 in _MULTI30K_RAW.items()
        }
        | {
            f"multi30k/tok/{split}.lc.norm.tok.{language}": File(
                sha256, f"{_MULTI30K}/tok/{split}.lc.norm.tok.{language}"
            )
            for (split, language), sha256 in _MULTI30K_TOKENIZED.items()
        },
    ),
    "three_am": DatasetInfo(
        title="3AM",
        origin="https://github.com/MaxyLee/3AM",
        terms="MIT",
        citation=(
            "Ma et al. (2024), 3AM: An Ambiguity-Aware Multi-Modal Machine Translation Dataset"
        ),
        files={
            f"zh_en/{name}": File(sha256, f"{_3AM}/{name.removeprefix('3am.')}")
            for name, sha256 in _3AM_TEXTS.items()
        },
    ),
    "tatoeba_zh_en": DatasetInfo(
        title="Tatoeba, Chinese-English",
        origin="https://tatoeba.org (sentence pairs, split without a shared sentence)",
        terms="CC-BY 2.0 FR; the third column names the authors",
        citation="Tatoeba contributors, https://tatoeba.org",
        files={
            "zh_en/tatoeba.train.tsv": File(
                "2cdc727f33dca23ff5d2890fc84a7f4bd6f4dfa0b88e290671112f3a2391918b"
            ),
            "zh_en/tatoeba.val.tsv": File(
                "b0842f8c7cf2f6094bf67c83e7ae4a7ee0fe4783e4f8e128f456541cfe114c6b"
            ),
        },
    ),
    "docs_zh_en": DatasetInfo(
        title="Chinese-English documents",
        origin=(
            "LibreOffice 7.4 help and user interface (https://www.libreoffice.org), GNOME help "
            "(https://help.gnome.org), The Debian Administrator's Handbook "
            "(https://debian-handbook.info), HSK 1-6 example sentences; split by document"
        ),
        terms=(
            "lohelp, loui: MPL-2.0; gnomehelp: CC-BY-SA-3.0; handbook: CC-BY-SA-3.0 or GPL-2+; "
            "hsk: CC-BY-SA-4.0"
        ),
        citation="The Document Foundation; the GNOME Project; Hertzog and Mas",
        files={
            "zh_en/docs.train.tsv": File(
                "0730709dd9c105df2837a13ca6a9b989abc9d00c28e1261069df98b0fce9d6a0"
            ),
            "zh_en/docs.val.tsv": File(
                "499e92596ffc47fce6fcb2c87a9b20bdf3aabfabe709f4bade75cd6daa7628ca"
            ),
        },
    ),
    "docs_fr_de": DatasetInfo(
        title="French-German documents",
        origin=(
            "LibreOffice 7.4 help and user interface (https://www.libreoffice.org), GNOME help "
            "(https://help.gnome.org), The Debian Administrator's Handbook "
            "(https://debian-handbook.info); split by document"
        ),
        terms="lohelp, loui: MPL-2.0; gnomehelp: CC-BY-SA-3.0; handbook: CC-BY-SA-3.0 or GPL-2+",
        citation="The Document Foundation; the GNOME Project; Hertzog and Mas",
        files={
            "fr_de/docs.train.tsv": File(
                "ba3cfee73218184f67bc4e3c31006059ee92728cac48e7cda59930896edfded9"
            ),
            "fr_de/docs.val.tsv": File(
                "ae2fd194555243fc318cf91c4719cf5809e50628f6c9e58d671caac87e88ac51"
            ),
        },
    ),
    "tatoeba": DatasetInfo(
        title="Tatoeba",
        origin=(
            "https://tatoeba.org, through the pairs of manythings.org (2018); French-German joined "
            "by English; the tests are the greater part of the Tatoeba Challenge's of 2021-08-07"
        ),
        terms="CC-BY 2.0 FR; name tatoeba.org",
        citation="Tatoeba contributors, https://tatoeba.org; Tiedemann (2020)",
        files={f"tatoeba/{name}": File(sha256) for name, sha256 in _TATOEBA.items()},
    ),
    "xdailydialog": DatasetInfo(
        title="XDailyDialog",
        origin="https://github.com/liuzeming01/XDailyDialog",
        terms="Apache-2.0 there; its source DailyDialog is CC BY-NC-SA 4.0",
        citation="Liu et al. (2023), XDailyDialog: A Multilingual Parallel Dialogue Corpus",
        files={f"xdailydialog/{name}": File(sha256) for name, sha256 in _XDAILYDIALOG.items()},
    ),
    "bcontrast": DatasetInfo(
        title="BConTrasT",
        origin="https://github.com/Unbabel/BConTrasT",
        terms="CC BY-SA 4.0",
        citation="Farajian et al. (2020), Findings of the WMT 2020 Shared Task on Chat Translation",
        files={f"bcontrast/{name}": File(sha256) for name, sha256 in _BCONTRAST.items()},
    ),
    "tiny_shakespeare": DatasetInfo(
        title="Tiny Shakespeare",
        origin="https://github.com/karpathy/char-rnn (scenes of the plays, one file)",
        terms="public domain text",
        citation="William Shakespeare; Karpathy (2015), char-rnn",
        files={
            "text/tinyshakespeare.txt": File(
                "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"
                "input.txt",
            )
        },
    ),
    "quatrains": DatasetInfo(
        title="Tang and Song quatrains",
        origin="npm package chinese-poetry 2.0.1 (poems of four lines of seven characters)",
        terms="MIT",
        citation="chinese-poetry contributors",
        files={
            "text/poetry/tang_7jue.txt": File(
                "13851ba1150dad7278a935176099a85e260a8e9f1555b9778c770df9a8736973"
            ),
            "text/poetry/song_7jue.txt": File(
                "8c6313ed9ea727e3756688153442470cd23c615951cff5d3fe5cc630d211767c"
            ),
        },
    ),
    "scifi": DatasetInfo(
        title="Eight science-fiction novels",
        origin="Project Gutenberg through github.com/GITenberg, headers and licence pages removed",
        terms="public domain in the USA",
        citation="H. G. Wells, Jules Verne, Edgar Rice Burroughs, Mary Shelley",
        files={f"text/scifi/{name}.txt": File(sha256) for name, sha256 in _NOVELS.items()},
    ),
    "flickr8k": DatasetInfo(
        title="Flickr8k",
        origin=(
            "Hodosh et al. (2013), photographs of Flickr with English captions; Chinese captions: "
            "https://github.com/li-xirong/flickr8kcn; photographs scaled to 224x224"
        ),
        terms="research and education, non-commercial",
        citation="Hodosh et al. (2013), Framing Image Description; Li et al. (2016), Flickr8k-CN",
        files={f"flickr8k/captions.{name}.tsv": File(sha256) for name, sha256 in _CAPTIONS.items()},
    ),
    "coco": DatasetInfo(
        title="COCO",
        origin=(
            "Lin et al. (2014), 132 of its photographs with their captions, scaled to 224x224, and "
            "captions of others without their photographs, in Chinese those of COCO-CN"
        ),
        terms="captions CC BY 4.0, photographs under terms of their own",
        citation="Lin et al. (2014), Microsoft COCO: Common Objects in Context",
        files={f"coco/{name}": File(sha256) for name, sha256 in _COCO.items()},
    ),
    "labelled_photos": DatasetInfo(
        title="Labelled photographs",
        origin=(
            "one photograph of each class of ImageNet "
            "(https://github.com/EliSchwartz/imagenet-sample-images) and 250 cats "
            "(https://github.com/ardamavi/Dog-Cat-Classifier), scaled to 224x224"
        ),
        terms="ImageNet: research, non-commercial; the photographs belong to those who took them",
        citation="Deng et al. (2009), ImageNet: A Large-Scale Hierarchical Image Database",
        files={
            "labelled_photos/labels.tsv": File(
                "7647b252480ff47486982309fd5f7382c4ed8296177334dd065d97f2c9500364"
            )
        },
    ),
    "sst2": DatasetInfo(
        title="SST-2, sentences",
        origin=(
            "Stanford Sentiment Treebank (https://nlp.stanford.edu/sentiment), the sentences that "
            "are not neutral, in lower case and tokens"
        ),
        terms="not stated; sentences of film reviews of Rotten Tomatoes",
        citation=(
            "Socher et al. (2013), Recursive Deep Models for Semantic Compositionality Over a "
            "Sentiment Treebank"
        ),
        files={f"labels/sst2.{split}.tsv": File(sha256) for split, sha256 in _SST2.items()},
    ),
    "trec_questions": DatasetInfo(
        title="TREC questions",
        origin="https://cogcomp.seas.upenn.edu/Data/QA/QC (the six coarse classes)",
        terms="not stated",
        citation="Li and Roth (2002), Learning Question Classifiers",
        files={
            f"labels/trec_questions.{split}.tsv": File(sha256) for split, sha256 in _TREC.items()
        },
    ),
    "shopping_zh": DatasetInfo(
        title="Chinese shopping reviews",
        origin=(
            "online_shopping_10_cats of https://github.com/SophonPlus/ChineseNlpCorpus, "
            "split for this project"
        ),
        terms="not stated",
        citation="ChineseNlpCorpus contributors",
        files={
            f"labels/shopping_zh.{split}.tsv": File(sha256) for split, sha256 in _SHOPPING.items()
        },
    ),
    "movielens": DatasetInfo(
        title="MovieLens-1M",
        origin="https://grouplens.org/datasets/movielens/1m, its ratings in the order of time",
        terms="research, non-commercial; no redistribution of the data without permission",
        citation="Harper and Konstan (2015), The MovieLens Datasets: History and Context",
        files={f"movielens/ml-1m/{name}": File(sha256) for name, sha256 in _MOVIELENS.items()},
    ),
    "learners": DatasetInfo(
        title="ASSISTments 2009-2010 (updated) and 2015",
        origin=(
            "https://sites.google.com/site/assistmentsdata, in the split of "
            "https://github.com/jennyzhang0215/DKVMN"
        ),
        terms="research",
        citation=(
            "Feng, Heffernan and Koedinger (2009), Addressing the assessment challenge with an "
            "online system that tutors as it assesses"
        ),
        files={f"learners/{name}": File(sha256) for name, sha256 in _LEARNERS.items()},
    ),
    "wikiqa": DatasetInfo(
        title="WikiQA",
        origin=(
            "Yang et al. (2015), questions of Bing's users and sentences of Wikipedia, those with "
            "an answer; in lower case and tokens"
        ),
        terms="Microsoft Research Data License; sentences of Wikipedia: CC BY-SA",
        citation=(
            "Yang, Yih and Meek (2015), WikiQA: A Challenge Dataset for Open-Domain Question "
            "Answering"
        ),
        files=_answers("wikiqa"),
    ),
    "trecqa": DatasetInfo(
        title="TREC-QA",
        origin="Wang et al. (2007), questions of the TREC tracks 8 to 13, sentences of newspapers",
        terms="not stated",
        citation="Wang, Smith and Mitamura (2007), What is the Jeopardy Model?",
        files=_answers("trecqa"),
    ),
    "atec": DatasetInfo(
        title="ATEC",
        origin="Ant Financial Artificial Competition 2018, split for this project",
        terms="not stated",
        citation="Ant Financial (2018), ATEC question similarity",
        files=_answers("atec"),
    ),
    "nfcorpus": DatasetInfo(
        title="NFCorpus",
        origin=(
            "Boteva et al. (2016), queries of NutritionFacts.org and medical abstracts of PubMed; "
            "in lower case without stop words and numbers, 238 documents fewer than the original"
        ),
        terms="free for academic use, non-commercial",
        citation=(
            "Boteva, Gholipour, Sokolov and Riezler (2016), A Full-Text Learning to Rank Dataset "
            "for Medical Information Retrieval"
        ),
        files={f"documents/nfcorpus/{name}": File(sha256) for name, sha256 in _NFCORPUS.items()},
    ),
    "mnist": DatasetInfo(
        title="MNIST",
        origin=(
            "http://yann.lecun.com/exdb/mnist, half of its 60,000 training pictures and the test, "
            "in one file"
        ),
        terms="CC BY-SA 3.0",
        citation=(
            "LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document "
            "recognition"
        ),
        files={
            "mnist/mnist.npz": File(
                "0b2d1d1e805c8beb4e1d008bd3a53d7d1c258144e554586da951e3ce6ca0a258"
            )
        },
    ),
    "self_dialogue": DatasetInfo(
        title="Self-dialogue corpus",
        origin="https://github.com/jfainberg/self_dialogue_corpus, dialogues that one person wrote",
        terms="BSD-3-Clause",
        citation=(
            "Fainberg et al. (2018), Talking to Myself: Self-dialogues as Data for Conversational "
            "Agents"
        ),
        files={
            "dialogue/self_dialogue.train.jsonl": File(
                "193095c10fd7945ad06e34070130a9067fa305b1bc005d7fef1fbcd4a68f10c8"
            )
        },
    ),
    "dailydialog": DatasetInfo(
        title="DailyDialog",
        origin=(
            "Li et al. (2017), websites for learners of English; with the replies that Gupta et "
            "al. (2019) had written for its test, https://github.com/prakharguptaz/multirefeval"
        ),
        terms="CC BY-NC-SA 4.0, non-commercial",
        citation=(
            "Li, Su, Shen, Li, Cao and Niu (2017), DailyDialog: A Manually Labelled Multi-turn "
            "Dialogue Dataset"
        ),
        files={
            f"dialogue/dailydialog.{name}": File(sha256) for name, sha256 in _DAILYDIALOG.items()
        },
    ),
    "chinese_dialogues": DatasetInfo(
        title="Chinese dialogues of four origins",
        origin=(
            "C3 (exercises for learners), a sample of LCCC (social media), KdConv (films, music, "
            "travel) and CPED (television)"
        ),
        terms="C3 for research, non-commercial; the others Apache-2.0 or MIT as published",
        citation=(
            "Sun et al. (2020), C3; Wang et al. (2020), CDial-GPT; Zhou et al. (2020), KdConv; "
            "Chen et al. (2022), CPED"
        ),
        files={f"dialogue/chinese.{name}": File(sha256) for name, sha256 in _CHINESE.items()},
    ),
    "dialogsum": DatasetInfo(
        title="DialogSum",
        origin="https://github.com/cylnlp/dialogsum",
        terms="CC BY-NC-SA 4.0, non-commercial",
        citation=(
            "Chen, Liu, Chen and Zhang (2021), DialogSum: A Real-Life Scenario Dialogue "
            "Summarization Dataset"
        ),
        files={f"summaries/dialogsum.{name}": File(sha256) for name, sha256 in _DIALOGSUM.items()},
    ),
    "samsum": DatasetInfo(
        title="SAMSum",
        origin="Gliwa et al. (2019), chats written by linguists",
        terms="CC BY-NC-ND 4.0: to evaluate on alone",
        citation=(
            "Gliwa, Mochol, Biesek and Wawer (2019), SAMSum Corpus: A Human-annotated Dialogue "
            "Dataset for Abstractive Summarization"
        ),
        files={
            "summaries/samsum.val.jsonl": File(
                "57b053fba87b91a9b4ee2d08aaa4eae30b3594d6dad1ab1f411e7741c5cf7d27"
            )
        },
    ),
    "spoken_digits": DatasetInfo(
        title="Free Spoken Digit Dataset",
        origin="https://github.com/Jakobovski/free-spoken-digit-dataset, its folder recordings",
        terms="CC BY-SA 4.0",
        citation="Jackson et al. (2018), Free Spoken Digit Dataset v1.0.8",
        files={
            # The 3,000 files one after the other: by digit, then speaker, then take.
            "speech/fsdd": File("785339f71d0b6135255dedb18ad7d4ffd064c47f58940c1489407a0e278b5322")
        },
    ),
}
