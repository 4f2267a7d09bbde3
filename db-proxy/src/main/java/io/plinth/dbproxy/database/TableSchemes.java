package io.plinth.dbproxy.database;

import io.plinth.dbproxy.DbProxyConfig.By;
import io.plinth.dbproxy.DbProxyConfig.RangeConfig;
import io.plinth.dbproxy.DbProxyConfig.TableConfig;
import io.plinth.dbproxy.shard.Countries;
import io.plinth.dbproxy.shard.Directory;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.Scheme;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.kit.config.RegionConfig;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Turns what the file says of a table into how its rows are spread. Throws with what is wrong and what is expected. */
public final class TableSchemes {
    private final Collection<String> shards;
    private final Map<String, RegionConfig> regions;
    private final Function<String, Directory> directories;

    /** {@code directories} answers lookup tables by name. */
    public TableSchemes(
            Collection<String> shards, Map<String, RegionConfig> regions, Function<String, Directory> directories) {
        this.shards = shards;
        this.regions = regions;
        this.directories = directories;
    }

    /** The table; {@link IllegalArgumentException} for one that cannot be. */
    public ShardedTable table(String name, TableConfig config) {
        demandFitting(config);
        List<ShardedTable.Column> columns = new ArrayList<>();
        String key = config.key();
        if (key != null) {
            columns.add(new ShardedTable.Column(key, config.type()));
            new TreeMap<>(config.also()).forEach((column, type) -> columns.add(new ShardedTable.Column(column, type)));
        }
        return new ShardedTable(name, columns, scheme(name, config), null);
    }

    private void demandFitting(TableConfig config) {
        By by = config.by();
        boolean keyed = by != By.REFERENCE && by != By.DOMAIN;
        demand(
                keyed == (config.key() != null),
                "key",
                keyed ? "the column that decides" : "none with by: " + title(by));
        demand(
                config.also().isEmpty() || by == By.HASH || by == By.RING,
                "also",
                "further columns with by: hash or ring only");
        demand((by == By.RANGE) == !config.ranges().isEmpty(), "ranges", "with by: range, and only there");
        boolean lists = by == By.LIST || by == By.GEOGRAPHY;
        demand(lists == !config.values().isEmpty(), "values", "with by: list or geography, and only there");
        demand((by == By.DOMAIN) == (config.shard() != null), "shard", "with by: domain, and only there");
        demand(config.rest() == null || lists || by == By.DIRECTORY, "rest", "with by: list, geography or directory");
        demand(config.directory() == null || by == By.DIRECTORY, "directory", "with by: directory");
        demand(
                by != By.GEOGRAPHY || config.type() == KeyType.TEXT || config.type() == KeyType.CHARACTER,
                "type",
                "text or character with by: geography");
    }

    private static String title(By by) {
        return by.name().toLowerCase(Locale.ROOT);
    }

    private static void demand(boolean holds, String key, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(key + ": not as needed (expected: " + expected + ")");
        }
    }

    private Scheme scheme(String name, TableConfig config) {
        String rest = config.rest();
        if (rest != null) {
            known(rest);
        }
        return switch (config.by()) {
            case HASH -> new Scheme.Hash();
            case RING -> new Scheme.Ring();
            case RANGE -> ranges(config);
            case LIST -> list(config);
            case GEOGRAPHY -> geography(config);
            case DIRECTORY -> {
                String directory = config.directory() == null ? name : config.directory();
                yield new Scheme.Looked(directory, directories.apply(directory), rest);
            }
            case REFERENCE -> new Scheme.Copied();
            case DOMAIN -> new Scheme.Whole(known(String.valueOf(config.shard())));
        };
    }

    private String known(String shard) {
        if (!shards.contains(shard)) {
            throw new IllegalArgumentException("shard: " + shard + " (expected: one of " + shards + ")");
        }
        return shard;
    }

    private static Object value(KeyType type, String text) {
        Object value = type.value(text);
        if (value == null) {
            throw new IllegalArgumentException(
                    "value: " + text + " (expected: a " + type.name().toLowerCase(Locale.ROOT) + ")");
        }
        return value;
    }

    private Scheme ranges(TableConfig config) {
        KeyType type = config.type();
        List<Scheme.Range> all = new ArrayList<>();
        for (RangeConfig range : config.ranges().values()) {
            Object from = range.from() == null ? null : value(type, range.from());
            Object to = range.to() == null ? null : value(type, range.to());
            if (from != null && to != null && type.compare(from, to) >= 0) {
                throw new IllegalArgumentException("range: from " + range.from() + " to " + range.to()
                        + " (expected: from below to, which is not in it)");
            }
            String text = (from == null ? "" : type.text(from)) + ".." + (to == null ? "" : type.text(to));
            all.add(new Scheme.Range(from, to, known(range.shard()), text));
        }
        all.sort((a, b) -> from(type, a.from(), b.from()));
        for (int i = 1; i < all.size(); i++) {
            Object end = all.get(i - 1).to();
            Object next = all.get(i).from();
            if (end == null || next == null || type.compare(end, next) > 0) {
                throw new IllegalArgumentException("ranges: " + all.get(i - 1).text() + " and "
                        + all.get(i).text() + " (expected: none over another)");
            }
        }
        return new Scheme.Ranges(all);
    }

    private static int from(KeyType type, @Nullable Object a, @Nullable Object b) {
        if (a == null || b == null) {
            return Boolean.compare(a != null, b != null);
        }
        return type.compare(a, b);
    }

    private Scheme list(TableConfig config) {
        Map<String, String> byValue = new TreeMap<>();
        config.values()
                .forEach((shard, values) -> values.forEach(value ->
                        put(byValue, config.type().text(value(config.type(), value)), known(shard))));
        return new Scheme.Listed(byValue, false, config.rest());
    }

    private static void put(Map<String, String> byValue, String value, String shard) {
        String before = byValue.put(value, shard);
        if (before != null && !before.equals(shard)) {
            throw new IllegalArgumentException(
                    "value: " + value + " on " + before + " and " + shard + " (expected: on one shard)");
        }
    }

    /** A country goes by its own name, else by its region's, else by its continent's. */
    private Scheme geography(TableConfig config) {
        Map<String, String> named = new TreeMap<>();
        Map<String, String> byRegion = new TreeMap<>();
        Map<String, String> byContinent = new TreeMap<>();
        config.values().forEach((shard, values) -> {
            known(shard);
            for (String value : values) {
                RegionConfig region = regions.get(value);
                String place = value.toUpperCase(Locale.ROOT);
                if (region != null) {
                    put(named, place, shard);
                    region.serves()
                            .forEach(served -> place(served.toUpperCase(Locale.ROOT), shard, byRegion, byContinent));
                } else {
                    place(place, shard, named, byContinent);
                }
            }
        });
        Map<String, String> all = new TreeMap<>(byContinent);
        all.putAll(byRegion);
        all.putAll(named);
        return new Scheme.Listed(all, true, config.rest());
    }

    private static void place(
            String place, String shard, Map<String, String> countries, Map<String, String> continents) {
        List<String> whole = Countries.of(place);
        if (whole.isEmpty() && !Countries.knows(place)) {
            throw new IllegalArgumentException("place: " + place
                    + " (expected: a region of this file, a continent such as EU, a country such as DE)");
        }
        if (whole.isEmpty()) {
            put(countries, place, shard);
        } else {
            whole.forEach(country -> put(continents, country, shard));
        }
    }
}
