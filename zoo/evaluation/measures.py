"""The measures of a corpus' result: what a card calls them, and how it writes them."""

# Key of a corpus' result -> how a card calls it, and how it is written.
MEASURES = {
    "bleu": ("BLEU", ".1f"),
    "chrf": ("chrF", ".1f"),
    "literature_bleu": ("BLEU, lower-cased tokens", ".1f"),
    "bleu_1": ("BLEU-1", ".3f"),
    "bleu_2": ("BLEU-2", ".3f"),
    "bleu_3": ("BLEU-3", ".3f"),
    "bleu_4": ("BLEU-4", ".3f"),
    "cider_d": ("CIDEr-D", ".3f"),
    "rouge_l": ("ROUGE-L", ".3f"),
    "rouge_1": ("ROUGE-1", ".2f"),
    "rouge_2": ("ROUGE-2", ".2f"),
    "rouge_l_sum": ("ROUGE-L of sentences", ".2f"),
    "rouge_l_text": ("ROUGE-L", ".2f"),
    "rouge_1_best": ("ROUGE-1, best", ".2f"),
    "rouge_2_best": ("ROUGE-2, best", ".2f"),
    "rouge_l_sum_best": ("ROUGE-L of sentences, best", ".2f"),
    "perplexity_word": ("perplexity a word", ".2f"),
    "perplexity_character": ("perplexity a character", ".2f"),
    "frechet_distance": ("Fréchet distance", ".2f"),
    "frechet_floor": ("of real training pictures", ".2f"),
    "digit_accuracy": ("samples read as what was asked for", ".4f"),
    "judge_accuracy": ("real ones read right", ".4f"),
    "squared_error": ("squared error of a reconstruction", ".2f"),
    "named": ("share that names the thing", ".3f"),
    "word_error_rate": ("word error rate", ".2%"),
    "texts_right": ("whole texts right", ".1%"),
    "accuracy": ("accuracy", ".3f"),
    "macro_f1": ("macro F1", ".3f"),
    "hr_10": ("HR@10", ".4f"),
    "ndcg_10": ("nDCG@10", ".4f"),
    "map": ("MAP", ".3f"),
    "mrr": ("MRR", ".3f"),
    "right_first": ("a right sentence first", ".3f"),
    "f1": ("F1", ".3f"),
    "precision": ("precision", ".3f"),
    "recall": ("recall", ".3f"),
    "calibration_error": ("expected calibration error", ".3f"),
    "most_common": ("accuracy of the most common label", ".3f"),
    "nats_per_character": ("nats per character", ".4f"),
    "bits_per_character": ("bits per character", ".3f"),
    "bits_per_byte": ("bits per byte", ".3f"),
    "auc": ("AUC", ".3f"),
    "skill_auc": ("AUC of the skill alone", ".3f"),
    "loss": ("loss", ".3f"),
    "perplexity": ("perplexity", ".2f"),
}


def titles(keys):
    """Headings of columns: list of str."""
    return [MEASURES[key][0] for key in keys]


def figure(result, key):
    """The value of a measure as a card writes it, "" where the result has none."""
    value = result.get(key)
    value = value["score"] if isinstance(value, dict) else value
    return "" if value is None else f"{value:{MEASURES[key][1]}}"


def interval(better):
    """Two cells of what `paired_bootstrap` found: the 95 % interval, and p."""
    return [f"{better['low']:+.3f} to {better['high']:+.3f}", f"{better['p']:.4f}"]
