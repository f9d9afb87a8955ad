"""How the captioners are trained that can say what the encoder's own classifier sees."""

import collections
import dataclasses
import io
import re
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from zoo import data
from zoo.recipes.captioning import ENCODER, CaptioningRecipe, imagenet_encoder
from zoo.recipes.procedure import adam
from zoo.training import portable
from zoo.vision import label_names, read

# What people write in place of a name, and names that mostly mean something else where they stand.
OTHER_WORDS = {
    "en": {
        "television": "tv",
        "refrigerator": "fridge",
        "bicycle": "bike",
        "couch": "sofa, couches",
        "airplane": "plane, jetliner, airliner, jet",
        "motorcycle": "motorbike, scooter",
        "cat": "kitten",
        "dog": "puppy, pup",
        "cell phone": "cellphone, phone",
        "cup": "mug",
        "stove": "oven",
        "tennis racket": "racket, racquet, tennis racquet",
        "skis": "skier, skiing",
        "sheep": "lamb",
        "cow": "calf, cattle, ox, bull",
        "bathtub": "tub, bath",
        "flower": "bouquet, sunflower",
        "truck": "trailer truck",
        "trolley": "streetcar",
        "taxi": "taxi cab, cab",
        "hamburger": "burger",
        "pasta": "spaghetti, noodle",
        "computer": "monitor",
        "laptop": "notebook",
        "baseball player": "baseball game, batter, pitcher",
        "teddy bear": "teddy",
        "bird": "gull, seagull",
        "plate of food": "plate",
        "tie": "necktie",
        "horse": "pony",
        "vase": "urn",
        "bookshelf": "bookcase, bookshelves",
        "bench": "benches",
        "watch": "watches",
        "bus": "buses",
        "box": "boxes",
    },
    "zh": {
        "公共汽车": "公交车, 巴士, 大巴",
        "自行车": "单车",
        "披萨": "比萨, 匹萨",
        "电视": "电视机",
        "长椅": "长凳",
        "雨伞": "伞",
        "绵羊": "羊",
        "飞机": "飞行器, 客机",
        "笔记本电脑": "笔记本",
        "花": "花朵",
        "汽车": "轿车",
        "狗": "小狗",
        "猫": "小猫, 猫咪",
        "水槽": "洗手池, 水池, 洗手盆, 洗脸盆",
        "马桶": "坐便器",
        "炉灶": "灶台",
        "桌子": "餐桌",
        "红绿灯": "信号灯",
        "泰迪熊": "小熊, 玩具熊",
        "鸟": "海鸥",
        "牛": "奶牛",
    },
}
MISLEADING = {
    "en": {
        *"orange match fly drink swing safe bow hook iron nail drill whistle plow pitcher".split(),
        *"lock stage scale seal crane spiral coast arch cricket shell store bug".split(),
    },
    "zh": {*"球 包 门 笔 秤 桨 鼓 锅 刀 灯".split()},
}
# Words that begin or end as a name does.
OTHER_THINGS = {"zh": "马路 斑马线 花园 花纹 花样 鸟巢 马上 火车站 汽车站 床单 船上".split()}
PAIRS = {
    *"skis boots sunglasses binoculars jeans pajamas berries toys tools logs stones".split(),
    *"mittens crutches chimes maracas ruins".split(),
}
NO_PLURAL = {
    *"bread broccoli pasta soup coffee beer wine hay dough chocolate corn guacamole".split(),
    *"coral pottery armor makeup lipstick perfume yarn fruit".split(),
    *("mashed potatoes", "toilet paper", "ice cream", "plate of food"),
}
# What stands in a place, whether a sentence says it or not.
SCENES = {
    "en": {
        "kitchen": "stove, refrigerator, microwave, dishwasher, cabinet, toaster",
        "bathroom": "toilet, washing machine, bathtub, sink, shower curtain, cabinet",
        "restroom": "toilet, washing machine, bathtub, sink",
        "living room": "couch, television, fireplace, bookshelf, lamp, window",
        "bedroom": "bed, blanket, pillow, wardrobe, couch, lamp",
        "office": "desk, computer, keyboard, computer mouse, television",
        "baseball": "baseball player, baseball",
        "tennis": "tennis racket, tennis ball, ping pong ball",
        "food": "plate of food, restaurant, tray, table",
        "dinner": "plate of food, restaurant, table, wine",
        "meal": "plate of food, restaurant, tray, hot dog",
    },
    "zh": {
        "厨房": "炉灶, 冰箱, 微波炉, 洗碗机, 柜子, 烤面包机",
        "浴室": "马桶, 洗衣机, 浴缸, 水槽, 浴帘, 柜子",
        "洗手间": "马桶, 洗衣机, 浴缸, 水槽, 浴帘, 柜子",
        "客厅": "沙发, 电视, 壁炉, 书架, 窗户",
        "卧室": "床, 毯子, 枕头, 衣橱, 沙发",
        "棒球": "棒球运动员, 棒球",
        "网球": "网球拍, 网球, 乒乓球",
        "食物": "食物, 餐馆, 托盘, 桌子",
    },
}
CAT = 281  # a class of ImageNet
PHOTOS = (
    1_060  # one of each class, and 60 cats: a cat is no rarer than a dog, nor much more frequent
)
TEMPLATES = {
    "en": ["a close up of {}", "a picture of {}", "this is {}", "{}", "a view of {}"],
    "zh": ["{}的特写", "一张{}的照片", "这是{}", "{}", "画面里有{}"],
}


@dataclasses.dataclass(frozen=True)
class LabelledCaptioningRecipe(CaptioningRecipe):
    """What makes one captioner of Flickr8k that knows the names of things.

    Its model is told what the classifier of the encoder sees, and learns to say it from three
    sources: the photographs of Flickr8k with their captions; labelled photographs, with sentences
    that say their label; and captions of COCO without their photographs, with the names that they
    say, as if they had been seen. All its stages run where an accelerator is (`pack`, `finish`):
    the decoder alone, the encoder, too, and the rewards.

    Attributes:
        hold_labels: how much it counts, while the encoder is trained, that the labels stay as they
            are; see `zoo.training.Learner.hold_labels`.
        batch_sentences: sentences without a photograph, in a batch.
        told: how much they count beside the rewards.
        quality: of the packed photographs, 0 to 100.
    """

    hold_labels: float = 1.0
    batch_sentences: int = 48
    told: float = 0.2
    quality: int = 40

    needs_start = False

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """The whole training on this computer; with `steps`, that many of its first stage."""
        recipe = self
        if steps is not None:
            recipe = dataclasses.replace(self, steps=steps, tuning_steps=0, reward_steps=0)
        folder = Path(run_dir) / "packed"
        recipe.pack(folder, data_dir=data_dir)
        portable.run(folder, policy="float32", verbose=2 if verbose else 0)
        return self.finish(folder, out=out, data_dir=data_dir)

    def pack(self, folder, *, start=None, run_dir=None, data_dir=None):
        """Writes the whole training for `python -m zoo.training`; see `zoo.training.portable`."""
        keras.utils.set_random_seed(self.seed)
        flickr = {
            split: dict(list(data.flickr8k(split, self.language, data_dir).items())[:count])
            for split, count in {"train": None, "val": self.valid_images}.items()
        }
        sentences = list(map(data.plain_caption, data.coco_sentences(self.language, data_dir)))
        captions = {
            split: [list(map(data.plain_caption, row)) for row in rows.values()]
            for split, rows in flickr.items()
        }
        names = _unique(label_names(self.language))
        texts = [text for row in captions["train"] for text in row] + sentences
        tokenizer = self._tokenizer([texts + names * 3], folder)
        encoder = imagenet_encoder(data_dir)
        model = self._captioner(encoder, tokenizer).model
        model.build(None)
        classifier = keras.models.load_model(data.find(ENCODER, data_dir), compile=False)
        model.classifier.set_weights(classifier.layers[-1].get_weights())
        photos = dict(list(data.labelled_photos(data_dir).items())[:PHOTOS])
        seen = _probabilities(classifier, photos, model.get_config()["classes"], len(names))
        said = Said(names, self.language)
        rng = np.random.default_rng(self.seed)
        rows = [(text, said(text)) for text in sentences]
        cat = label_names(self.language)[CAT]
        labels = [*label_names(self.language), *[cat] * (len(photos) - 1000)]
        captions["train"] += [
            _captions_of(names.index(label) if label else None, label, shares, rows, said, rng)
            for label, shares in zip(labels, seen, strict=True)
        ]
        told = [(text, named + said.implied(text, named, rng)) for text, named in rows]
        files = {
            split: [self._packed(data.flickr8k_image(name, data_dir)) for name in images]
            for split, images in flickr.items()
        }
        files["train"] += [self._packed(path) for path in photos]
        portable.pack(
            folder,
            model=model,
            encoder=encoder,
            fixed=True,
            shared="photographs",
            stages=self._stages(),
            train=(files["train"], captions["train"]),
            valid=(files["val"], captions["val"]),
            tokenizers=[tokenizer],
            sentences=[row for row in told if row[1]],
            background=_background(seen, rows),
            batch_images=self.tuning_images,
            batch_sentences=self.batch_sentences,
            max_length=self.max_length,
            label_smoothing=self.label_smoothing,
            consistency=0.0,
            interval=200,
            spaces=self.language != "zh",
            seed=self.seed,
        )

    def _stages(self):
        rewards = {"samples": self.reward_samples, "told": self.told}
        stages = [
            (self.steps, self.peak, False, {}),
            (self.tuning_steps, self.tuning_peak, True, {"hold_labels": self.hold_labels}),
            (self.reward_steps, self.reward_peak, False, rewards),
        ]
        return [
            {"steps": n, "optimizer": adam(peak, self.warmup, n), "train_encoder": trained, **more}
            for n, peak, trained, more in stages
            if n
        ]

    def _packed(self, path):
        file = io.BytesIO()
        with Image.open(path) as image:
            # At this size WebP takes half of the labels away, and AVIF a third.
            image.convert("RGB").save(file, "AVIF", quality=self.quality, speed=8)
        return file.getvalue()

    def _model(self, cells, width, tokenizer):
        names = _unique(label_names(self.language))
        numbers = {name: i for i, name in enumerate(names)}
        return self.model(
            cells,
            width,
            tokenizer.vocab_size,
            names=[_pieces(name, tokenizer, self.language) for name in names],
            classes=[numbers.get(name, -1) for name in label_names(self.language)],
        )


def _unique(names):
    return list(dict.fromkeys(filter(None, names)))


def _pieces(name, tokenizer, language):
    """The tokens of a name inside a caption."""
    if language != "zh":
        return tokenizer.encode([name])[0]
    # There is no space in front of a Chinese word, but of a Chinese text there is.
    (alone,) = tokenizer.encode([name])
    first, *rest = tokenizer.pieces(alone)
    if first == "▁":
        return alone[1:]
    (before,) = tokenizer.encode(["、"])
    (with_mark,) = tokenizer.encode(["、" + name])
    if tokenizer.pieces(with_mark)[: len(before)] == tokenizer.pieces(before):
        return with_mark[len(before) :]
    raise ValueError(f"name must be written in tokens of its own; got {name!r}.")


class Said:
    """Finds the names that a sentence says.

    Args:
        names: list of str.
        language: "en" or "zh".

    Call arguments:
        text: str, a plain caption.

    Returns:
        list of int, the numbers of names, each once, in the order of the text.
    """

    def __init__(self, names, language):
        self.names, self.language = names, language
        numbers = {name: i for i, name in enumerate(names)}
        words = {name: i for name, i in numbers.items() if name not in MISLEADING[language]}
        for name, others in OTHER_WORDS[language].items():
            words |= dict.fromkeys(others.split(", "), numbers[name])
        self._words = words
        if language == "zh":
            longest_first = sorted([*words, *OTHER_THINGS[language]], key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def __call__(self, text):
        if self.language == "zh":
            found = [self._words.get(word) for word in self._pattern.findall(text)]
            return [number for number in dict.fromkeys(found) if number is not None]
        words, found, i = text.split(), [], 0
        while i < len(words):
            for length in (4, 3, 2, 1):
                number = self._of_words(words[i : i + length]) if i + length <= len(words) else None
                if number is not None:
                    found.append(number)
                    break
            i += length  # of what was found, or 1
        return list(dict.fromkeys(found))

    def implied(self, text, said, rng, most=3):
        """Numbers of names that a text does not say, of what stands where it is."""
        found = [
            self.names.index(name)
            for word, names in SCENES[self.language].items()
            if word in text
            for name in rng.permutation(names.split(", "))[:most]
        ]
        return [number for number in dict.fromkeys(found) if number not in said][:most]

    def _of_words(self, words):
        *first, last = words
        ends = [last]
        if last.endswith("s"):
            ends += [last[:-1], last[:-2] if last.endswith("es") else last]
            ends += [last[:-3] + "y"] if last.endswith("ies") else []
        for end in ends:
            number = self._words.get(" ".join([*first, end]))
            if number is not None:
                return number
        return None


def _probabilities(classifier, photos, classes, count):
    """For each photograph the probability of each name: float (N, names)."""
    size, found = classifier.input_shape[1:3], []
    paths, by_class = list(photos), np.array(classes)
    for i in range(0, len(paths), 32):
        images = np.stack([read(path, size) for path in paths[i : i + 32]]).astype("float32")
        logits = keras.ops.convert_to_numpy(classifier(images, training=False))
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        names = np.zeros((len(images), count + 1))
        for number, share in zip(by_class, shares.T, strict=True):
            names[:, number] += share
        found.append(names[:, :-1])
    return np.concatenate(found)


def _background(seen, rows):
    """Numbers of names, as often as they are seen on photographs or said in sentences."""
    counts = collections.Counter(np.nonzero(seen > 0.03)[1].tolist())
    counts.update(name for _, said in rows for name in said)
    return [name for name, count in sorted(counts.items()) for _ in range(min(count, 60))]


def _captions_of(number, label, shares, rows, said, rng, count=5):
    """Captions of a labelled photograph: sentences that say its label, and little else.

    The other things that they name are rather those that the classifier sees, too. Where there are
    too few, short sentences are made of the label.
    """
    language = said.language
    if number is None:
        number = int(shares.argmax())
        label = said.names[number]
    fitting = [(text, names) for text, names in rows if number in names]
    templates = [form.format(_with_article(label, language)) for form in TEMPLATES[language]]
    if fitting:
        doubt = np.array(
            [
                sum(-np.log(shares[name] + 1e-3) for name in names if name != number)
                + 0.35 * abs(len(text.split()) - 9)
                + (2.0 if number != names[0] else 0.0)
                for text, names in fitting
            ]
        )
        near = np.argsort(doubt + rng.gumbel(size=len(doubt)))[:count]
        chosen = [fitting[i][0] for i in near]
    else:
        chosen = []
    kept = chosen[: count if len(fitting) >= 3 * count else count - 2]
    order = rng.permutation(len(templates))
    return (kept + [templates[i] for i in order])[:count]


def _with_article(label, language):
    if language == "zh":
        return label
    if label in PAIRS:
        return f"some {label}"
    if label in NO_PLURAL:
        return label if label != "plate of food" else "a plate of food"
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label}"
