"""The names of things in sentences, and sentences with names."""

import re

import numpy as np

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
TEMPLATES = {
    "en": ["a close up of {}", "a picture of {}", "this is {}", "{}", "a view of {}"],
    "zh": ["{}的特写", "一张{}的照片", "这是{}", "{}", "画面里有{}"],
}


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

    def renamed(self, rows, rng, times):
        """Sentences in which each name in turn stands in place of another: (text, names).

        Whoever learns them learns to copy a name that no caption has.
        """
        spaced = self.language != "zh"
        whole = [
            (text, said)
            for text, said in rows
            if said and re.search(self._alone(said[0], spaced), text) and said[0] not in said[1:]
        ]
        found = []
        for number, name in enumerate(self.names):
            for i in rng.integers(len(whole), size=times):
                text, (old, *others) = whole[i]
                if number not in others:
                    new = _with_article(name, self.language) if spaced else name
                    text = re.sub(self._alone(old, spaced), new, text, count=1)
                    found.append((text, [number, *others]))
        return found

    def _alone(self, number, spaced):
        """The pattern of a name with its article; in Chinese the name is enough."""
        name = re.escape(self.names[number])
        return rf"\b(?:a|an) {name}\b(?! \w*s\b)" if spaced else name

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


def captions_of(number, shares, rows, said, rng, count=5):
    """Captions of a labelled photograph: sentences that say its label, and little else.

    The other things that they name are rather those that the classifier sees, too. Where there are
    too few, short sentences are made of the label.

    Returns:
        list of `count` str, and whether all of them are sentences that were there.
    """
    fitting = [(text, names) for text, names in rows if number in names]
    doubts = [
        sum(-np.log(shares[name] + 1e-3) for name in names if name != number)
        + 0.35 * abs(len(text.split()) - 9)
        + (2.0 if number != names[0] else 0.0)
        for text, names in fitting
    ]
    near = np.argsort(np.array(doubts) + rng.gumbel(size=len(doubts)))
    chosen = [fitting[i][0] for i in near[: count if len(fitting) >= 3 * count else count - 2]]
    thing = _with_article(said.names[number], said.language)
    templates = [form.format(thing) for form in TEMPLATES[said.language]]
    found = chosen + [templates[i] for i in rng.permutation(len(templates))]
    return found[:count], len(chosen) == count


def _with_article(label, language):
    if language == "zh":
        return label
    if label in PAIRS:
        return f"some {label}"
    if label in NO_PLURAL:
        return label if label != "plate of food" else "a plate of food"
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label}"
