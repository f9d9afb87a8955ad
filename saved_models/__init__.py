"""The trained models of attention-zoo, as files; `zoo.load` finds them by their names."""
