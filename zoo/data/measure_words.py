"""Which measure word a Chinese noun takes: 一只猫, 一辆汽车."""

_DEFAULT, _ANIMAL = "个", "只"
# By the end of the noun, the longest that is known.
_ENDINGS = {
    "只": "蜗牛 豪猪",
    "匹": "马",
    "头": "牛 大象 猪 河马 鲸鱼",
    "条": "蛇 鱼 蜈蚣 裤 裙 裙子 毛巾 围巾 领带 项链 链子 毯子 围裙 安全带 手帕 浴帘 窗帘",
    "辆": "车 汽车 坦克 雪地摩托 旋转木马",
    "艘": "船 艇 独木舟",
    "架": "飞机 钢琴 竖琴 管风琴 手风琴",
    "把": "椅 椅子 刀 剑 枪 吉他 提琴 班卓琴 伞 勺 勺子 斧头 锁 铲 铲子 锤子 尺子 扫帚 弓 拖把 "
    "电锯",
    "张": "床 桌 桌子 沙发 长椅 网 梳妆台 吊床 婴儿床 书桌 台球桌",
    "座": "桥 山 塔 城堡 教堂 寺 寺庙 宫殿 火山 纪念碑 大坝 谷仓 温室 钟楼 喷泉 图书馆 天文馆 监狱",
    "家": "店 餐馆 剧院",
    "顶": "帽 帽子 软帽 帐篷 头盔 假发",
    "件": "衣 衫 外套 服 背心 大褂 胸罩 比基尼 雨披 西装 长袍 斗篷",
    "双": "鞋 鞋子 袜子 圣诞袜 靴 手套",
    "台": "电脑 电视 洗衣机 洗碗机 冰箱 微波炉 风扇 打印机 复印机 缝纫机 收音机 相机 取款机 起重机",
    "本": "书",
    "支": "笔 口红 长笛 小号 长号 圆号",
    "朵": "花",
    "棵": "西兰花 卷心菜 花椰菜",
    "面": "旗子",
    "块": "披萨 面包 巧克力 石头 布 手表 滑雪板 牌匾 地毯 肉糕",
    "根": "木头 香蕉 杆子 黄瓜 拐杖 玉米 羽毛 蜡烛",
    "盏": "台灯 红绿灯",
    "副": "太阳镜 望远镜",
}
_KNOWN = {ending: word for word, endings in _ENDINGS.items() for ending in endings.split()}
MEASURE_WORDS = frozenset([*_ENDINGS, _DEFAULT, *"位群串片间扇袋杯瓶碗盘"])
_OF_VEHICLES = frozenset("辆艘架")


def measure_word(noun, animal=False):
    """The measure word of a noun.

    Args:
        noun: str.
        animal: whether it is one, which is 只 where its end says nothing else.

    Returns:
        A character; or "" where the noun begins with its own, as in 一杯咖啡.
    """
    if noun.startswith("一"):
        return ""
    ends = (noun[i:] for i in range(len(noun)))
    return next((_KNOWN[end] for end in ends if end in _KNOWN), _ANIMAL if animal else _DEFAULT)


def kind(noun, animal=False):
    """What a noun may stand in the place of: "animal", "vehicle" or "thing"."""
    if animal:
        return "animal"
    return "vehicle" if measure_word(noun) in _OF_VEHICLES else "thing"
