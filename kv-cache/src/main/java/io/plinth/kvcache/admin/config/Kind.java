package io.plinth.kvcache.admin.config;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What values a setting may have, with Redis's words for those it may not. Immutable. */
sealed interface Kind {
    /** The value as CONFIG GET shows it. */
    default String shown(String value) {
        return value;
    }

    /** What is wrong with a value, or null. */
    @Nullable
    String problem(String value);

    /** Cannot be changed while a node runs. */
    record Fixed() implements Kind {
        @Override
        public String problem(String value) {
            return "can't set immutable config";
        }
    }

    /** Anything. */
    record Text() implements Kind {
        @Override
        public @Nullable String problem(String value) {
            return null;
        }
    }

    /** Yes or no. */
    record Bool() implements Kind {
        @Override
        public @Nullable String problem(String value) {
            boolean known = value.equalsIgnoreCase("yes") || value.equalsIgnoreCase("no");
            return known ? null : "argument must be 'yes' or 'no'";
        }

        @Override
        public String shown(String value) {
            return value.toLowerCase(Locale.ROOT);
        }
    }

    /** One of some words, in any case. */
    record Choice(List<String> words) implements Kind {
        static Choice of(String words) {
            return new Choice(Arrays.asList(words.split(",", -1)));
        }

        @Override
        public @Nullable String problem(String value) {
            return words.contains(value.toLowerCase(Locale.ROOT))
                    ? null
                    : "argument(s) must be one of the following: " + String.join(", ", words);
        }

        @Override
        public String shown(String value) {
            return value.toLowerCase(Locale.ROOT);
        }
    }

    /** Some of these words, shown in their order; the first of them stands for none of the others. */
    record Several(Choice choice) implements Kind {
        @Override
        public @Nullable String problem(String value) {
            for (String word : value.split(" ", -1)) {
                String problem = choice.problem(word);
                if (problem != null) {
                    return problem;
                }
            }
            return null;
        }

        @Override
        public String shown(String value) {
            List<String> given = Arrays.asList(value.toLowerCase(Locale.ROOT).split(" ", -1));
            String none = choice.words.getFirst();
            String some = String.join(
                    " ",
                    choice.words.stream()
                            .filter(word -> !word.equals(none) && given.contains(word))
                            .toList());
            return some.isEmpty() ? none : some;
        }
    }

    /** A whole number. */
    record Whole(long least, long most) implements Kind {
        @Override
        public @Nullable String problem(String value) {
            return set(value, number -> {});
        }

        /** Takes the number, if it may be. */
        @Nullable
        String set(String value, LongConsumer taken) {
            long number;
            try {
                number = Long.parseLong(value);
            } catch (NumberFormatException e) {
                return "argument couldn't be parsed into an integer";
            }
            if (number < least || number > most) {
                return "argument must be between " + least + " and " + most + " inclusive";
            }
            taken.accept(number);
            return null;
        }
    }

    /** Bytes, with a unit or none. */
    record Size() implements Kind {
        private static final String MOST = Long.toString(Long.MAX_VALUE);
        private static final Pattern FORM = Pattern.compile("(\\d{1,18})(b|k|kb|m|mb|g|gb)?");

        @Override
        public @Nullable String problem(String value) {
            return bytes(value) < 0 ? "argument must be a memory value" : null;
        }

        @Override
        public String shown(String value) {
            return Long.toString(bytes(value));
        }

        /** Less than 0 for what is no such value. */
        static long bytes(String text) {
            Matcher matcher = FORM.matcher(text.toLowerCase(Locale.ROOT));
            if (!matcher.matches()) {
                return text.equals(MOST) ? Long.MAX_VALUE : -1;
            }
            String unit = matcher.group(2);
            long factor = switch (unit == null ? "b" : unit) {
                case "k" -> 1000L;
                case "kb" -> 1L << 10;
                case "m" -> 1_000_000L;
                case "mb" -> 1L << 20;
                case "g" -> 1_000_000_000L;
                case "gb" -> 1L << 30;
                default -> 1L;
            };
            long number = Long.parseLong(matcher.group(1));
            return number > Long.MAX_VALUE / factor ? -1 : number * factor;
        }
    }

    /** Bytes, or a part of the memory in percent. */
    record SizeOrPercent() implements Kind {
        private static final Pattern PERCENT = Pattern.compile("(\\d{1,18})%");

        @Override
        public @Nullable String problem(String value) {
            Matcher percent = PERCENT.matcher(value);
            if (percent.matches()) {
                return Long.parseLong(percent.group(1)) > 100
                        ? "percentage argument must be less or equal to 100"
                        : null;
            }
            return Size.bytes(value) < 0 ? "argument must be a memory or percent value" : null;
        }

        @Override
        public String shown(String value) {
            Matcher percent = PERCENT.matcher(value);
            if (!percent.matches()) {
                return Long.toString(Size.bytes(value));
            }
            long part = Long.parseLong(percent.group(1));
            return part == 0 ? "0" : part + "%";
        }
    }

    /** {@code count} whole numbers of this range, for a setting that its errors name. */
    record Numbers(String name, int count, int least, int most) implements Kind {
        @Override
        public @Nullable String problem(String value) {
            String[] numbers = value.split(" ", -1);
            if (numbers.length != count) {
                return "wrong number of arguments";
            }
            for (String number : numbers) {
                if (!number.matches("-?\\d{1,9}")
                        || Integer.parseInt(number) < least
                        || Integer.parseInt(number) > most) {
                    return "Invalid " + name + ", elements must be between " + least + " and " + most + ".";
                }
            }
            return null;
        }
    }
}
