package io.plinth.geodns.gdnsd;

import io.plinth.geodns.place.Network;
import io.plinth.geodns.policy.Target;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Owned by who imports: geoip's maps as orders, places and networks of policies. */
final class GeoMaps {
    private static final Set<String> KNOWN =
            Set.of("geoip2_db", "datacenters", "ignore_ecs", "nets", "map", "auto_dc_coords", "auto_dc_limit");

    private final Vscf.Table maps;
    private final Path folder;
    private final VscfFiles reader;
    private final Map<String, String> files;
    private final Notes notes;
    private final Map<Path, Vscf.Table> read = new HashMap<>();
    private @Nullable Path database;

    /** Files named by maps are in {@code folder}; those that are made go to {@code files}. */
    GeoMaps(Vscf.Table maps, Path folder, VscfFiles reader, Map<String, String> files, Notes notes) {
        this.maps = maps;
        this.folder = folder;
        this.reader = reader;
        this.files = files;
        this.notes = notes;
    }

    /** The database of the maps used; null where none is. */
    @Nullable
    Path database() {
        return database;
    }

    /** Writes how the resource's map chooses among its datacenters. */
    void describe(Scope resource, Set<String> defined, boolean skip, String name, Map<String, Object> policy)
            throws GdnsdException {
        Vscf named = resource.find("map");
        if (named == null) {
            throw new GdnsdException(resource.at(), "map: missing (expected: the name of a map)");
        }
        Vscf found = maps.find(Scope.text("map", named));
        if (found == null) {
            throw new GdnsdException(
                    named.at(),
                    "map: " + Scope.text("map", named) + " (expected: one of "
                            + maps.entries().keySet() + ")");
        }
        Vscf.Table map = Scope.table("map", found);
        notes.rest(map, KNOWN, "map");
        UnaryOperator<List<String>> usable = centers -> {
            List<String> left = new ArrayList<>(centers);
            if (skip && left.size() > 1) {
                left.removeFirst();
            }
            left.retainAll(defined);
            return left;
        };
        policy.put("strict", true);
        Vscf all = map.find("datacenters");
        if (all != null) {
            policy.put("order", usable.apply(Scope.texts("datacenters", all)));
        }
        database(map);
        if (map.find("ignore_ecs") != null) {
            notes.add(found.at(), "ignore_ecs: left out (the client's subnet counts for every policy)");
        }
        Vscf coordinates = map.find("auto_dc_coords");
        Vscf places = map.find("map");
        if (coordinates != null) {
            nearest(map, Scope.table("auto_dc_coords", coordinates), defined, policy);
            if (places != null) {
                notes.add(places.at(), "map: left out (with auto_dc_coords it is distance alone here)");
            }
            if (skip) {
                notes.add(resource.at(), "skip_first: left out (with auto_dc_coords the nearest is not skipped here)");
            }
        } else if (places != null) {
            Map<String, Object> byPlace = new LinkedHashMap<>();
            flatten(Scope.table("map", places), "", usable, byPlace, policy);
            if (!byPlace.isEmpty()) {
                policy.put("by", "geo");
                policy.put("map", byPlace);
            }
        }
        Vscf networks = map.find("nets");
        if (networks != null) {
            networks(networks, usable, name, policy);
        }
    }

    private void database(Vscf.Table map) throws GdnsdException {
        Vscf file = map.find("geoip2_db");
        if (file == null) {
            return;
        }
        Path path =
                folder.resolve(Scope.text("geoip2_db", file)).toAbsolutePath().normalize();
        if (database != null && !database.equals(path)) {
            notes.add(file.at(), "geoip2_db: " + database + " for all maps (a node has one database of places)");
            return;
        }
        database = path;
    }

    private void nearest(Vscf.Table map, Vscf.Table coordinates, Set<String> defined, Map<String, Object> policy)
            throws GdnsdException {
        Map<String, Object> points = new LinkedHashMap<>();
        for (Map.Entry<String, Vscf> entry : coordinates.entries().entrySet()) {
            if (defined.contains(entry.getKey())) {
                points.put(entry.getKey(), String.join(", ", Scope.texts("auto_dc_coords", entry.getValue())));
            }
        }
        for (String center : defined) {
            if (!points.containsKey(center)) {
                points.put(center, "0, 0");
                notes.add(coordinates.at(), center + ": at 0, 0 (every member needs coordinates; say where it is)");
            }
        }
        Vscf limit = map.find("auto_dc_limit");
        int most = limit == null ? 3 : Scope.number("auto_dc_limit", limit);
        policy.put("by", "nearest");
        policy.put("coordinates", points);
        policy.put("nearest", most == 0 ? 100 : Math.min(100, most));
    }

    private void flatten(
            Vscf.Table level,
            String prefix,
            UnaryOperator<List<String>> usable,
            Map<String, Object> byPlace,
            Map<String, Object> policy)
            throws GdnsdException {
        for (Map.Entry<String, Vscf> entry : level.entries().entrySet()) {
            boolean usual = entry.getKey().equalsIgnoreCase("default");
            String place = usual ? prefix : prefix.isEmpty() ? entry.getKey() : prefix + "/" + entry.getKey();
            if (entry.getValue() instanceof Vscf.Table deeper) {
                flatten(deeper, place, usable, byPlace, policy);
            } else if (place.isEmpty()) {
                policy.put("order", usable.apply(Scope.texts("default", entry.getValue())));
            } else {
                // gdnsd writes city names in UTF-8, which was read octet by octet.
                byPlace.put(utf8(place), usable.apply(Scope.texts(place, entry.getValue())));
            }
        }
    }

    private static String utf8(String octets) {
        return new String(
                octets.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1), java.nio.charset.StandardCharsets.UTF_8);
    }

    private void networks(Vscf networks, UnaryOperator<List<String>> usable, String name, Map<String, Object> policy)
            throws GdnsdException {
        StringBuilder lines = new StringBuilder();
        for (Map.Entry<String, Vscf> entry : table(networks).entries().entrySet()) {
            List<String> centers = usable.apply(Scope.texts(entry.getKey(), entry.getValue()));
            String network = network(entry.getKey(), entry.getValue().at());
            if (centers.isEmpty()) {
                notes.add(entry.getValue().at(), entry.getKey() + ": left out (a network needs a member)");
            } else {
                lines.append(network)
                        .append(' ')
                        .append(String.join(" ", centers))
                        .append('\n');
            }
        }
        String file = "networks/" + name + ".networks";
        files.put(file, lines.toString());
        policy.put("networks-file", file);
    }

    private Vscf.Table table(Vscf networks) throws GdnsdException {
        if (networks instanceof Vscf.Table table) {
            return table;
        }
        Path file = folder.resolve(Scope.text("nets", networks));
        Vscf.Table known = read.get(file);
        if (known == null) {
            try {
                known = reader.table(file);
            } catch (IOException e) {
                throw new GdnsdException(
                        networks.at(), "nets: " + e.getMessage() + " (expected: a file that can be read)");
            }
            read.put(file, known);
        }
        return known;
    }

    /** IPv4 networks may be written as IPv4-compatible ones of IPv6. */
    private static String network(String text, Vscf.Mark at) throws GdnsdException {
        String plain = text;
        int slash = text.indexOf('/');
        if (slash > 0 && text.startsWith("::") && Target.isAddress(text.substring(0, slash))) {
            byte[] octets = io.netty.util.NetUtil.createByteArrayFromIpAddressString(text.substring(0, slash));
            int prefix =
                    text.substring(slash + 1).matches("\\d{2,3}") ? Integer.parseInt(text.substring(slash + 1)) : 0;
            if (octets != null && octets.length == 16 && prefix >= 96) {
                plain = io.netty.util.NetUtil.bytesToIpAddress(java.util.Arrays.copyOfRange(octets, 12, 16)) + "/"
                        + (prefix - 96);
            }
        }
        try {
            Network.parse(plain, List.of());
            return plain;
        } catch (IllegalArgumentException e) {
            throw new GdnsdException(at, String.valueOf(e.getMessage()));
        }
    }
}
