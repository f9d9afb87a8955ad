# ruff: noqa: E501 (the names of tests are long)
"""Each fault that was once found, asked again as a user would: a table with what was seen.

    python scripts/check_faults.py            # all: a good part of the tests, some minutes
    python scripts/check_faults.py 1 5 67     # these rows

Each row has tests, which check the right value, or a file in which a sentence says what is so. The
status is 0 only where all are as they must be.
"""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MADE, REFUSED, DOCUMENTED = "works", "refused", "documented"
# Row, what was asked, how it was mended, the evidence: "file::test", below tests/, or
# "file: words", where the words stand.
FAULTS = [
    (1, "quantised models write text, and load", MADE,
     "test_adapted_layers.py::test_a_quantised_model_decodes_as_it_scores_and_is_kept_in_its_file",
     "test_adapted_layers.py::test_a_quantised_model_answers_in_a_fresh_process_and_from_its_export"),
    (2, "answers after LoRA are those of the trained layers", MADE,
     "test_keras_verbs.py::test_answers_after_lora_are_those_of_the_trained_layers",
     "test_image_generator.py::test_lora_trains_its_updates"),
    (3, "losses that layers add are trained on, once", MADE,
     "test_keras_verbs.py::test_added_losses_count_once",
     "test_image_generator.py::test_each_network_learns_what_its_layers_add",
     "test_coverage.py::test_coverage_is_part_of_the_loss_that_fit_reports"),
    (4, "two devices train as one does", MADE,
     "test_keras_verbs.py::test_two_devices_train_as_one_does"),
    (5, "masks that Keras layers carry are honoured", MADE,
     "test_keras_masks.py::test_padding_moves_no_answer_of_a_stack_of_blocks",
     "test_keras_masks.py::test_padding_moves_no_answer_of_an_attention_layer"),
    (6, "an additive attention mask, of floats or integers", REFUSED,
     "test_keras_masks.py::test_a_mask_of_floats_is_refused_and_one_of_integers_understood",
     "test_keras_masks.py::test_an_additive_mask_of_integers_is_refused"),
    (7, "two data sets of one file name have a run each", MADE,
     "test_train_command.py::test_other_data_of_the_same_name_gets_a_folder_and_a_vocabulary_of_its_own",
     "test_train_command.py::test_folder_that_is_named_and_holds_another_run_is_refused_in_one_line"),
    (8, "the score of an answer beyond the context is that of its windows", MADE,
     "test_answers.py::test_score_beyond_the_context_is_that_of_the_windows_of_the_search"),
    (9, "batch_size and shuffle of fit and evaluate", MADE,
     "test_keras_verbs.py::test_batch_size_is_the_rows_of_a_batch",
     "test_keras_verbs.py::test_argument_that_cannot_be_honoured_is_named"),
    (10, "validation_data as Keras takes it", MADE,
     "test_keras_verbs.py::test_validation_data_is_read_as_keras_reads_it"),
    (11, "items that are no pairs", REFUSED,
     "test_keras_verbs.py::test_item_that_is_no_pair_is_named"),
    (12, "one text, or a path, in place of a list of texts", REFUSED,
     "test_vocabulary_training.py::test_one_text_is_not_taken_for_its_letters",
     "test_vocabulary_training.py::test_a_path_is_refused_and_the_error_says_how_to_open_it",
     "test_generator.py::test_data_that_is_no_text_is_an_error"),
    (13, "a long line among short ones is learnt from", MADE,
     "test_vocabulary_training.py::test_a_long_line_among_short_ones_is_learnt_from"),
    (14, "how a model was compiled survives its file", MADE,
     "test_keras_verbs.py::test_how_a_model_was_compiled_survives_saving"),
    (15, "float32 logits of a bfloat16 model are a product of float32", MADE,
     "test_adapted_layers.py::test_logits_of_a_bfloat16_model_are_a_product_of_float32"),
    (16, "U+2581 in a lossless vocabulary is a space", DOCUMENTED,
     "zoo/text/sentencepiece.py: but U+2581, which is a space to SentencePiece"),
    (17, "training sees the pixels that inference sees", MADE,
     "test_image_formats.py::test_training_sees_the_pixels_that_inference_sees"),
    (18, "the repetition penalty counts the prompt", MADE,
     "test_answers.py::test_prompt_counts_as_repetition_for_what_goes_on_with_it"),
    (19, "the vocabulary of one's own pairs follows from their alphabet", MADE,
     "test_pairs_left_out.py::test_the_vocabulary_follows_from_the_alphabet_of_the_pairs"),
    (20, "a data set of strings, and one of triples", MADE,
     "test_keras_verbs.py::test_generator_evaluates_a_dataset_of_strings",
     "test_keras_verbs.py::test_dataset_of_triples_is_one_clear_error"),
    (21, "data sets of unknown rank", MADE,
     "test_keras_verbs.py::test_data_of_any_kind_give_one_loss"),
    (22, "a captioner trains on images of every kind", MADE,
     "test_keras_verbs.py::test_images_of_mixed_kinds_train_together",
     "test_keras_verbs.py::test_what_is_no_image_is_named"),
    (23, "mixed_float16 and mixed_bfloat16 decode", MADE,
     "test_adapted_layers.py::test_every_dtype_decodes",
     "test_adapted_layers.py::test_every_dtype_trains_and_answers"),
    (24, "float64 decodes", MADE,
     "test_adapted_layers.py::test_every_dtype_decodes",
     "test_adapted_layers.py::test_every_dtype_trains_and_answers"),
    (25, "a mistyped option of generate, or of another verb", REFUSED,
     "test_options.py::test_the_nearest_option_is_named",
     "test_answers.py::test_unknown_option_is_named_with_the_nearest_one",
     "test_cli_answers.py::test_fault_inside_is_not_reported_as_bad_usage"),
    (26, "versions of Keras that cannot train", REFUSED,
     'setup.cfg: keras>=3.13,<4; python_version >= "3.11"'),
    (27, "macOS on Intel has no TensorFlow", DOCUMENTED,
     "setup.cfg: macOS on Intel: TensorFlow has had no wheel there"),
    (28, "the notebooks without a network", MADE,
     "test_tutorials.py::test_runs_from_top_to_bottom_in_fast_mode"),
    (29, "each extra is enough for what it names", MADE,
     "test_extras.py::test_an_extra_alone_is_enough_for_what_it_names",
     "test_extras.py::test_a_new_environment_with_the_tutorials_extra_runs_the_notebook_on_serving"),
    (30, "tuples and arrays are texts; None, NaN and numbers are not", MADE,
     "test_answers.py::test_texts_may_be_a_tuple_or_an_array",
     "test_answers.py::test_what_is_no_text_is_named_with_its_place"),
    (31, "docstrings name the protocol of decoding", DOCUMENTED,
     "zoo/tasks/translator.py: has `encode`, `prefill` and `make_decode_step`",
     "zoo/tasks/captioner.py: has `encode`, `prefill` and `make_decode_step`",
     "zoo/tasks/generator.py: `prefill` and `make_decode_step`"),
    (32, "a long row does not widen the answers of short ones", MADE,
     "test_serving_limits.py::test_a_long_row_does_not_widen_the_short_ones_of_an_answer_by_rows",
     "test_serving_limits.py::test_an_answer_by_columns_that_would_be_too_large_is_refused"),
    (33, "a few bytes that claim to be millions of rows", REFUSED,
     "test_serving_grpc_limits.py::test_a_few_bytes_that_claim_to_be_millions_of_rows_are_refused"),
    (34, "an image of too many pixels", REFUSED,
     "test_image_formats.py::test_both_refuse_too_many_pixels_before_they_are_unpacked",
     "test_image_formats.py::test_a_file_of_the_limit_in_pixels_is_not_unpacked_by_the_graph"),
    (35, "long bodies hold up nobody and share a budget", MADE,
     "test_serving_limits.py::test_long_bodies_hold_up_nobody",
     "test_serving_limits.py::test_bodies_of_many_clients_share_a_budget"),
    (36, "every outcome is counted on both protocols", MADE,
     "test_serving_limits.py::test_every_outcome_is_counted",
     "test_serving_grpc_limits.py::test_every_outcome_is_counted",
     "test_serving_limits.py::test_buckets_reach_the_largest_batch"),
    (37, "the page shows models without attention, and any grid", MADE,
     "test_serving_limits.py::test_the_page_has_models_without_attention_too",
     "test_serving_page_toys.py::test_heat_lies_on_a_grid_in_the_shape_of_the_photograph"),
    (38, "rows of many shapes get their own answers", MADE,
     "test_serving_limits.py::test_rows_of_many_shapes_at_once_get_their_own_answers",
     "test_serving_limits.py::test_a_bad_row_fails_alone_and_a_large_request_that_fails_holds_up_nobody"),
    (39, "origins, gzip and a prefix before the paths", MADE,
     "test_cli_serve.py::test_pages_of_an_origin_that_is_named_may_ask",
     "test_serving_limits.py::test_a_body_may_be_gzip_and_a_bomb_is_refused",
     "test_serving_page_toys.py::test_the_page_works_behind_a_prefix"),
    (40, "how many rows a batch has", DOCUMENTED,
     "docs/serving.md: are run as one batch, of up to 32 rows"),
    (41, "threads that ask for one fast form all get it", MADE,
     "test_fast_forms.py::test_threads_that_ask_together_all_get_it"),
    (42, "fast forms depend on what they are made of, in one cache", MADE,
     "test_fast_forms.py::test_another_model_another_package_and_other_sources_make_another_form",
     "test_fast_forms.py::test_making_one_removes_those_that_nobody_opened_for_thirty_days",
     "test_system.py::test_one_variable_names_the_place_of_all_caches"),
    (43, "files are whole, whoever writes beside", MADE,
     "test_system.py::test_many_threads_may_write_one_file",
     "test_system.py::test_a_file_appears_whole_and_an_error_leaves_the_old_one"),
    (44, "as many threads as this process may use", MADE,
     "test_system.py::test_the_limit_of_a_container_counts",
     "test_system.py::test_cores_are_those_that_this_process_may_use"),
    (45, "several answers are different texts, best first", MADE,
     "test_answers.py::test_answers_of_beams_are_different_texts_best_first"),
    (46, "a training says what it trains and how far it is", MADE,
     "test_train_command.py::test_training_says_what_it_trains_how_far_it_is_and_the_path_once"),
    (47, "a finished run says so", MADE,
     "test_train_command.py::test_finished_run_says_so_and_more_steps_go_on_from_its_end"),
    (48, "load_model needs `import zoo`", DOCUMENTED,
     "README.md: after `import zoo`, `keras.models.load_model` needs no `custom_objects`"),
    (49, "importing the zoo is quiet", MADE,
     "test_cli_errors.py::test_importing_zoo_asks_tensorflow_for_quiet_unless_told_otherwise",
     "test_vocabulary_training.py::test_loading_a_vocabulary_says_nothing"),
    (50, "`zoo` alone is help, and --version", MADE,
     "test_cli_errors.py::test_command_alone_is_help",
     "test_cli_errors.py::test_version_names_what_is_installed_and_where_models_are"),
    (51, "a folder without images", REFUSED,
     "test_cli_errors.py::test_wrong_name_path_or_option_is_refused_before_a_model_is_loaded"),
    (52, "wrong names, paths and options, at once", REFUSED,
     "test_cli_errors.py::test_wrong_name_path_or_option_is_refused_before_a_model_is_loaded",
     "test_cli_errors.py::test_tensorflow_is_not_imported_to_refuse"),
    (53, "layers and heads have one base, which is said", MADE,
     "test_cli_errors.py::test_base_and_default_of_layers_and_heads_are_said",
     "test_cli.py::test_attention_is_drawn_with_layer_and_head"),
    (54, "pictures of a generator: names of the axes, upright letters", MADE,
     "test_plots.py::test_axes_of_a_generator_are_named_for_its_one_text",
     "test_plots.py::test_single_letters_stand_upright_beside_words_that_are_turned"),
    (55, "\\n in a prompt from standard input", MADE,
     "test_cli_answers.py::test_line_end_is_written_alike_in_an_argument_in_a_line_and_in_a_stop"),
    (56, "a poem has its lines", MADE,
     "test_cli_answers.py::test_poem_is_shown_in_four_lines_streamed_or_not",
     "test_cli_answers.py::test_lines_of_a_form_are_the_poem_again"),
    (57, "a short repr, and the path of an export", MADE,
     "test_answers.py::test_repr_of_an_answer_is_short",
     "test_keras_verbs.py::test_export_takes_the_arguments_of_keras"),
    (58, "what is left out of a file of pairs is said", MADE,
     "test_pairs_left_out.py::test_blank_lines_and_further_columns_are_counted",
     "test_pairs_left_out.py::test_too_few_different_pairs_are_no_training_set"),
    (59, "a port that is taken or none", REFUSED,
     "test_cli_serve.py::test_a_port_that_is_taken_is_said_before_anything_else",
     "test_cli_serve.py::test_a_number_that_is_no_port_is_refused"),
    (60, "the clients, with and without a server", MADE,
     "test_serving_clients.py::test_a_client_without_a_server_says_so_in_one_line",
     "test_serving_clients.py::test_grpc_client_prints_an_answer_for_each_text_without_tensorflow"),
    (61, "a model that is exported later is served", MADE,
     "test_serving_rest.py::test_model_that_comes_later_is_served_where_none_was_named"),
    (62, "the page introduces its models and shows its work", MADE,
     "test_serving_page_toys.py::test_model_and_examples_are_introduced_and_an_example_is_asked_by_a_click",
     "test_serving_page_toys.py::test_each_model_keeps_its_own_text",
     "test_serving_page_toys.py::test_work_is_seen_and_can_be_stopped",
     "test_serving_page_toys.py::test_the_ends_of_a_text_are_no_tokens_and_what_they_are_given_is_said"),
    (63, "the README shows what comes out", MADE,
     "test_readme.py::test_lines_that_show_what_comes_out_tell_the_truth"),
    (64, "an attention of one's own is saved, and goes into a model", MADE,
     "test_readme.py::test_attention_of_the_readme_is_reloaded_with_equal_values",
     "test_adapted_layers.py::test_a_recurrent_translator_takes_an_attention_of_ones_own"),
    (65, "masks of another shape: one rule, one error", REFUSED,
     "test_keras_masks.py::test_a_mask_of_another_shape_is_refused_with_the_way_to_give_a_padding_mask"),
    (66, "numbers of a training, and whole sentences of help", MADE,
     "test_train_command.py::test_numbers_that_are_chosen_are_those_of_the_model",
     "test_cli_errors.py::test_each_option_has_a_help_of_whole_sentences",
     "test_cli_errors.py::test_model_of_your_own_in_the_current_folder_is_listed"),
    (67, "an animated WebP, many times", REFUSED,
     "test_image_formats.py::test_no_file_brings_the_process_down",
     "test_image_formats.py::test_both_refuse_other_and_damaged_files"),
    (68, "odd letters and numbers in a request", REFUSED,
     "test_serving_limits.py::test_bad_json_is_400_in_one_line_and_the_connection_stays",
     "test_serving_grpc_limits.py::test_a_message_of_any_letters_comes_through"),
    (69, "options of `sample` outside their range", REFUSED,
     "test_answers.py::test_row_of_sample_that_python_would_refuse_is_empty_and_the_others_are_answered",
     "test_answers.py::test_seed_means_the_same_in_sample_and_in_python"),
    (70, "other content under the same number of a version", MADE,
     "test_serving_rest.py::test_other_content_under_the_same_number_is_served"),
    (71, "a newest version that is broken", MADE,
     "test_serving_rest.py::test_new_version_is_served_and_a_broken_one_is_not",
     "test_serving_rest.py::test_start_with_a_broken_newest_version_serves_the_one_before"),
    (72, "palettes and transparency: equal pixels", MADE,
     "test_image_formats.py::test_tensorflow_and_pillow_see_equal_pixels",
     "test_image_formats.py::test_colours_of_a_palette_are_the_colours_of_the_picture"),
    (73, "damaged model files", REFUSED,
     "test_damaged_models.py::test_damage_of_any_kind_is_one_error_that_names_the_file"),
]  # fmt: skip
TESTS = sorted({one for row in FAULTS for one in row[3:] if "::" in one})


class Outcomes:
    """A plugin of pytest: node id without parameters -> the worst that its tests came to."""

    ORDER = ("passed", "skipped", "failed")

    def __init__(self):
        self.seen = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or not report.passed:
            test = report.nodeid.partition("[")[0].removeprefix("tests/")
            worst = max(self.seen.get(test, "passed"), report.outcome, key=self.ORDER.index)
            self.seen[test] = worst


def stands(evidence):
    """Whether the words of "file: words" stand in the file."""
    file, words = evidence.split(": ", 1)
    return " ".join(words.split()) in " ".join((ROOT / file).read_text("utf-8").split())


def main(numbers):
    rows = [row for row in FAULTS if not numbers or str(row[0]) in numbers]
    tests = [one for one in TESTS if any(one in row for row in rows)]
    outcomes = Outcomes()
    if tests:
        options = ["-q", "--rootdir", str(ROOT), "-c", str(ROOT / "setup.cfg")]
        options += ["--numprocesses", "2", "--dist", "loadfile"]  # as make test
        pytest.main([*options, *(str(ROOT / "tests" / test) for test in tests)], [outcomes])
    good = True
    for number, title, how, *evidence in rows:
        print(f"{number:2}  {title}: {how}")
        for one in evidence:
            if "::" in one:
                seen = outcomes.seen.get(one, "not run")
            else:
                seen = "stands" if stands(one) else "is missing"
            good &= seen in ("passed", "stands", "skipped")
            print(f"      {seen:10} {one}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
