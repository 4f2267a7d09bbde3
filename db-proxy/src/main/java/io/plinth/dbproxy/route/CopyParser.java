package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.shard.ShardedCopy.Format;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.SqlTokens;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads COPY of a sharded table, with its options in both of their forms, as far as its rows have to be told apart. Used once. */
final class CopyParser {
    private final SqlTokens tokens;
    private final int to;
    private final Map<String, ShardedTable> tables;
    private int at;
    private Format format = Format.TEXT;
    private int delimiter = -1;
    private int quote = '"';
    private int escape = -1;
    private boolean header;
    private String none = "";
    private boolean noneSaid;
    private @Nullable String fallback;
    private boolean utf8 = true;
    private final Set<String> said = new HashSet<>();
    private final List<String> quoted = new ArrayList<>();

    /** Options of rows that are written here. */
    private static final Set<String> OWN = Set.of(
            "format",
            "csv",
            "binary",
            "header",
            "delimiter",
            "quote",
            "escape",
            "null",
            "encoding",
            "force",
            "force_quote");

    CopyParser(SqlTokens tokens, int from, int to, Map<String, ShardedTable> tables) {
        this.tokens = tokens;
        this.to = to;
        this.tables = tables;
        this.at = from + 1;
    }

    ShardedCopy read() throws Unroutable {
        if (tokens.is(at, "binary")) {
            format = Format.BINARY;
            at++;
        }
        boolean qualified = tokens.kind(at + 1) == DOT;
        while (at < to && tokens.isName(at) && tokens.kind(at + 1) == DOT) {
            at += 2;
        }
        ShardedTable table = tables.get(tokens.name(at));
        if (table == null) {
            throw refuse("of a query, or of a table that is not sharded beside one that is");
        }
        if (table.refusal() != null) {
            throw new Unroutable(table.refusal());
        }
        at++;
        List<String> columns = columns();
        if (tokens.is(at, "from") && qualified && columns.isEmpty() && table.keyed()) {
            throw refuse("by its schema without a list of its columns");
        }
        return read(table, columns);
    }

    /** COPY of a query, whose own plan is {@code inner} and which ends at {@code close}. */
    StatementPlan.Need query(StatementPlan inner, int close) throws Unroutable {
        if (inner.need() instanceof StatementPlan.Everywhere) {
            throw refuse("or a reference table that a statement in it changes");
        }
        if (inner.need() instanceof StatementPlan.Scattered scattered) {
            return query(scattered, close);
        }
        return inner.need() instanceof StatementPlan.Keyed keyed
                        && keyed.spread() instanceof StatementPlan.Scattered scattered
                ? new StatementPlan.Keyed(keyed.keys(), null, query(scattered, close))
                : inner.onOneShard();
    }

    private StatementPlan.Need query(StatementPlan.Scattered scattered, int close) throws Unroutable {
        at = close + 1;
        if (!tokens.is(at, "to")) {
            throw refuse("of a query from anything");
        }
        ShardedCopy copy = read(scattered.table(), List.of());
        if (scattered.merge().appends()) {
            return new StatementPlan.Copying(copy, null);
        }
        demandOwn(copy);
        return new StatementPlan.Copying(copy, scattered.merge());
    }

    /** Rows that are merged are written here: no server looks at the options (ProcessCopyOptions). */
    private void demandOwn(ShardedCopy copy) throws Unroutable {
        boolean csv = copy.format() == Format.CSV;
        boolean binary = copy.format() == Format.BINARY;
        char delimits = (char) copy.delimiter();
        boolean fits = utf8
                && said.stream().allMatch(OWN::contains)
                && (csv || (quote == '"' && escape < 0 && quoted.isEmpty()))
                && !(binary && (delimiter >= 0 || noneSaid || header))
                && (binary || copy.none().indexOf(delimits) < 0)
                && copy.none().indexOf('\n') < 0
                && copy.none().indexOf('\r') < 0
                && !(csv && (delimits == quote || copy.none().indexOf(quote) >= 0))
                && (csv || "\\.abcdefghijklmnopqrstuvwxyz0123456789".indexOf(delimits) < 0);
        if (!fits) {
            throw refuse("by a query over several shards that sorts, limits or combines rows with these options");
        }
    }

    private ShardedCopy read(ShardedTable table, List<String> columns) throws Unroutable {
        boolean in = tokens.is(at, "from");
        if (!tokens.is(at + 1, in ? "stdin" : "stdout") || !(in || tokens.is(at, "to"))) {
            throw refuse("from or to anything but STDIN and STDOUT");
        }
        at += 2;
        options(in ? table : null);
        if (format == Format.CSV && escape < 0) {
            escape = quote;
        }
        return new ShardedCopy(
                table,
                in,
                columns,
                format,
                (byte) (delimiter >= 0 ? delimiter : format == Format.CSV ? ',' : '\t'),
                (byte) quote,
                (byte) escape,
                header,
                noneSaid ? none : format == Format.CSV ? "" : "\\N",
                fallback,
                quoted);
    }

    private List<String> columns() throws Unroutable {
        List<String> columns = new ArrayList<>();
        if (tokens.kind(at) != OPEN) {
            return columns;
        }
        at++;
        while (at < to && tokens.kind(at) != SHUT) {
            if (tokens.isName(at)) {
                columns.add(tokens.name(at));
            } else if (tokens.kind(at) != COMMA) {
                throw refuse("with this list of columns");
            }
            at++;
        }
        at++;
        return columns;
    }

    /** {@code into}: the table that rows come into, or null. */
    private void options(@Nullable ShardedTable into) throws Unroutable {
        if (tokens.is(at, "with")) {
            at++;
        }
        boolean list = tokens.kind(at) == OPEN;
        at += list ? 1 : 0;
        while (at < to && !tokens.is(at, "where")) {
            if (list && tokens.kind(at) == SHUT) {
                at++;
                if (at < to && !tokens.is(at, "where")) {
                    throw refuse("with " + tokens.text(at));
                }
                return;
            }
            if (tokens.kind(at) != COMMA) {
                option(list, into);
            }
            at++;
        }
    }

    private void option(boolean list, @Nullable ShardedTable into) throws Unroutable {
        String name = tokens.name(at);
        said.add(name);
        switch (name) {
            case "format" -> format = format(tokens.name(++at));
            case "csv" -> format = Format.CSV;
            case "binary" -> format = Format.BINARY;
            case "header" -> header(list);
            case "delimiter" -> delimiter = character(value());
            case "quote" -> quote = character(value());
            case "escape" -> escape = character(value());
            case "null" -> {
                none = value();
                noneSaid = true;
            }
            case "default" -> fallback = value();
            case "log_verbosity" -> at++;
            case "encoding" -> {
                String encoding = word().toLowerCase(Locale.ROOT);
                utf8 = List.of("utf8", "utf-8", "unicode").contains(encoding);
                if (into != null && !utf8) {
                    throw refuse("in ENCODING " + encoding);
                }
            }
            // A server refuses it where it would not do for a table of its own.
            case "freeze" -> at += list && tokens.kind(at + 1) != COMMA && tokens.kind(at + 1) != SHUT ? 1 : 0;
            // Rows whose key cannot be read end the COPY all the same.
            case "on_error" -> word();
            case "force_quote" -> forced(list, null);
            case "force_null", "force_not_null" -> forced(list, into);
            case "force" -> {
                boolean quotes = tokens.is(++at, "quote");
                at += tokens.is(at, "not") ? 1 : 0;
                said.add(quotes ? "force_quote" : "force_null");
                forced(false, quotes ? null : into);
            }
            default -> throw refuse("with " + name.toUpperCase(Locale.ROOT));
        }
    }

    /** Which columns are quoted, or read as NULL or not: of a key that would have to be known here. */
    private void forced(boolean list, @Nullable ShardedTable into) throws Unroutable {
        at++;
        boolean open = list && tokens.kind(at) == OPEN;
        at += open ? 1 : 0;
        for (; at < to; at++) {
            if (into != null && (tokens.isOperator(at, "*") || into.column(tokens.name(at)) >= 0)) {
                throw refuse("with FORCE_NULL or FORCE_NOT_NULL of its key");
            }
            if (into == null && tokens.kind(at) != SHUT && tokens.kind(at) != COMMA) {
                quoted.add(tokens.isOperator(at, "*") ? "*" : tokens.name(at));
            }
            if (tokens.kind(at) == SHUT || (!open && (list || tokens.kind(at + 1) != COMMA))) {
                return;
            }
            at += open ? 0 : 1;
        }
    }

    /** A value that is a word or a string. */
    private String word() {
        at++;
        return tokens.kind(at) == STRING ? tokens.value(at) : tokens.text(at);
    }

    private void header(boolean list) {
        header = true;
        if (list && tokens.kind(at + 1) != COMMA && tokens.kind(at + 1) != SHUT) {
            at++;
            String said = tokens.kind(at) == STRING ? tokens.value(at) : tokens.text(at);
            header = !List.of("false", "off", "0").contains(said.toLowerCase(Locale.ROOT));
        }
    }

    private static Format format(String name) throws Unroutable {
        return switch (name) {
            case "text" -> Format.TEXT;
            case "csv" -> Format.CSV;
            case "binary" -> Format.BINARY;
            default -> throw refuse("in format " + name);
        };
    }

    private String value() throws Unroutable {
        at++;
        if (tokens.is(at, "as")) {
            at++;
        }
        if (tokens.kind(at) == STRING) {
            return tokens.value(at);
        }
        if (tokens.kind(at) == ESCAPED_STRING && tokens.text(at).equalsIgnoreCase("e'\\t'")) {
            return "\t";
        }
        throw refuse("with " + (at < to ? tokens.text(at) : "nothing") + " as an option's value");
    }

    private static int character(String text) throws Unroutable {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length != 1 || bytes[0] == '\n' || bytes[0] == '\r') {
            throw refuse("with '" + text + "' where one character is wanted");
        }
        return bytes[0];
    }

    private static Unroutable refuse(String what) {
        return new Unroutable("COPY of a sharded table " + what + " is not supported");
    }
}
