"""Ten everyday sentences a language, none of them a photo caption, with their meaning.

They are in no training set. Every card prints what its model makes of them, good and bad.
"""

PROBE_SENTENCES = {
    "de": {
        "Könnten Sie mir bitte sagen, wie spät es ist?": (
            "Could you please tell me what time it is?"
        ),
        "Ich habe gestern meinen Schlüssel im Büro vergessen.": (
            "I left my key at the office yesterday."
        ),
        "Wenn es morgen regnet, bleiben wir zu Hause.": (
            "If it rains tomorrow, we will stay at home."
        ),
        "Das Brot ist leider schon ausverkauft.": "Unfortunately the bread is already sold out.",
        "Meine Schwester hat nächsten Freitag Geburtstag.": (
            "My sister has her birthday next Friday."
        ),
        "Der Zug nach Hamburg hat zwanzig Minuten Verspätung.": (
            "The train to Hamburg is twenty minutes late."
        ),
        "Hast du den Brief an die Bank schon abgeschickt?": (
            "Have you sent the letter to the bank yet?"
        ),
        "Er kann nicht schlafen, weil die Nachbarn so laut sind.": (
            "He cannot sleep because the neighbours are so loud."
        ),
        "Ohne meine Brille kann ich die Speisekarte nicht lesen.": (
            "Without my glasses I cannot read the menu."
        ),
        "Vielen Dank für die Einladung, wir kommen gern.": (
            "Thank you very much for the invitation, we would love to come."
        ),
    },
    "fr": {
        "Pourriez-vous me dire où se trouve la gare ?": (
            "Could you tell me where the railway station is?"
        ),
        "J'ai oublié d'acheter du lait ce matin.": "I forgot to buy milk this morning.",
        "Nous partons en vacances la semaine prochaine.": "We are going on holiday next week.",
        "Mon ordinateur ne démarre plus depuis hier soir.": (
            "My computer has not started since last night."
        ),
        "Elle n'aime pas le café, mais elle boit beaucoup de thé.": (
            "She does not like coffee, but she drinks a lot of tea."
        ),
        "À quelle heure ouvre la pharmacie le dimanche ?": (
            "What time does the pharmacy open on Sundays?"
        ),
        "Si tu as faim, il reste de la soupe dans le frigo.": (
            "If you are hungry, there is some soup left in the fridge."
        ),
        "Mon fils apprend à jouer du piano depuis deux ans.": (
            "My son has been learning to play the piano for two years."
        ),
        "Le médecin m'a conseillé de dormir davantage.": "The doctor advised me to sleep more.",
        "Merci de m'avoir aidé à déménager samedi.": (
            "Thank you for helping me to move house on Saturday."
        ),
    },
    "zh": {
        "请问最近的地铁站怎么走？": "Excuse me, how do I get to the nearest underground station?",
        "我昨天晚上没睡好，今天有点儿累。": "I slept badly last night; I am a bit tired today.",
        "这家饭馆的菜又便宜又好吃。": "The food at this restaurant is both cheap and tasty.",
        "如果明天下雨，我们就在家看电影。": "If it rains tomorrow, we will watch a film at home.",
        "我妹妹下个月要去北京上大学。": (
            "My younger sister starts university in Beijing next month."
        ),
        "你能帮我把这个箱子搬到楼上吗？": "Can you help me carry this box upstairs?",
        "他还没看完那本书就还给图书馆了。": (
            "He returned that book to the library before he had finished reading it."
        ),
        "医生让我多喝水，少吃糖。": "The doctor told me to drink more water and eat less sugar.",
        "对不起，我把你的名字忘了。": "I am sorry, I have forgotten your name.",
        "火车票太贵了，我们坐长途汽车吧。": (
            "The train tickets are too expensive; let us take the coach."
        ),
    },
}
