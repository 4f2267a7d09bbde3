package io.plinth.testkit;

import io.plinth.testkit.Linearizability.Model;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What single keys do, for {@link Linearizability}: a register and an append-only list. */
public final class Models {
    private Models() {}

    /** What is asked of a register; its values are never null, and it begins with none. */
    public sealed interface Ask {
        /** Answered with the value, or nothing. */
        record Read() implements Ask {}

        /** Answered with whatever. */
        record Write(String value) implements Ask {}

        /** Answered with the new value when it was swapped, with nothing when it was not. */
        record Swap(String from, String to) implements Ask {}
    }

    /** What is asked of a list; it begins empty. */
    public sealed interface AskList {
        /** Answered with the whole list. */
        record ReadAll() implements AskList {}

        /** Answered with whatever. */
        record Append(String value) implements AskList {}
    }

    /** A register. */
    public static Model<Optional<String>, Ask, Optional<String>> register() {
        return new Model<>() {
            @Override
            public Optional<String> initial() {
                return Optional.empty();
            }

            @Override
            public Optional<String> next(Optional<String> state, Ask ask) {
                return switch (ask) {
                    case Ask.Read() -> state;
                    case Ask.Write(String value) -> Optional.of(value);
                    case Ask.Swap(String from, String to) -> state.equals(Optional.of(from)) ? Optional.of(to) : state;
                };
            }

            @Override
            public boolean answers(Optional<String> state, Ask ask, Optional<String> answer) {
                return switch (ask) {
                    case Ask.Read() -> answer.equals(state);
                    case Ask.Write write -> true;
                    case Ask.Swap(String from, String to) ->
                        answer.equals(state.equals(Optional.of(from)) ? Optional.of(to) : Optional.empty());
                };
            }
        };
    }

    /** An append-only list. */
    public static Model<List<String>, AskList, List<String>> list() {
        return new Model<>() {
            @Override
            public List<String> initial() {
                return List.of();
            }

            @Override
            public List<String> next(List<String> state, AskList ask) {
                return switch (ask) {
                    case AskList.ReadAll() -> state;
                    case AskList.Append(String value) ->
                        Stream.concat(state.stream(), Stream.of(value)).toList();
                };
            }

            @Override
            public boolean answers(List<String> state, AskList ask, List<String> answer) {
                return ask instanceof AskList.Append || answer.equals(state);
            }
        };
    }
}
