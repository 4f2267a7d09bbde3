package io.plinth.geodns.gdnsd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/**
 * A folder of gdnsd's as a stack of ours. Immutable.
 *
 * @param stack the file, as maps, lists and scalars
 * @param files further files by their paths beside it
 * @param notes what could not be carried over, each with file and line and what to do about it
 */
public record GdnsdImport(Map<String, Object> stack, Map<String, String> files, List<String> notes) {
    private static final Set<String> SECTIONS = Set.of("options", "service_types", "plugins");

    /**
     * Reads gdnsd's configuration.
     *
     * @param config its folder, as of {@code gdnsd -c}, or the file {@code config} in it
     * @param name of the stack
     */
    public static GdnsdImport read(Path config, String name) throws GdnsdException, IOException {
        Path file = Files.isDirectory(config) ? config.resolve("config") : config;
        Path folder = file.toAbsolutePath().normalize().getParent();
        Path base = folder == null ? Path.of("/") : folder;
        if (!Files.exists(file) && !Files.isDirectory(base.resolve("zones"))) {
            throw new NoSuchFileException(
                    config.toString(),
                    null,
                    "neither a file `config` nor a folder `zones` (expected: gdnsd's -c folder)");
        }
        Notes notes = new Notes();
        VscfFiles reader = new VscfFiles();
        Vscf.Mark start = new Vscf.Mark(file.toString(), 1);
        Vscf.Table all = Files.exists(file) ? reader.table(file) : Vscf.Table.empty(start);
        for (Map.Entry<String, Vscf> entry : all.entries().entrySet()) {
            if (!SECTIONS.contains(entry.getKey())) {
                throw new GdnsdException(
                        entry.getValue().at(),
                        "key: " + entry.getKey() + " (expected: options, service_types, plugins)");
            }
        }
        Map<String, String> files = new LinkedHashMap<>();
        Options options = new Options(section(all, "options"), notes);
        Vscf.Table plugins = section(all, "plugins");
        ServiceTypes types = new ServiceTypes(section(all, "service_types"), options.stateFolder(), notes);
        Vscf.Table geo = section(plugins, "geoip");
        GeoMaps maps = new GeoMaps(section(geo, "maps"), base.resolve("geoip"), reader, files, notes);
        Resources resources = new Resources(plugins, new Leaves(types, notes), maps, notes);
        Map<String, Object> zones =
                zones(base.resolve("zones"), new ZoneTexts(resources, options.limits(), files, notes));

        Map<String, Object> section = new LinkedHashMap<>();
        section.put("zones", zones);
        Path database = maps.database();
        if (database != null) {
            section.put("database", database.toString());
        }
        options.settings(section);
        if (types.commands() > 0) {
            section.put("limits", Map.of("commands", Math.clamp(types.commands(), 1, 1_000)));
        }
        section.put("policies", resources.policies());
        Map<String, Object> stack = new LinkedHashMap<>();
        stack.put("stack", name);
        stack.put("geo-dns", section);
        stack.put("nodes", options.nodes());
        return new GdnsdImport(stack, files, notes.all());
    }

    /** Writes the file, {@code plinth.yaml}, and what it names into a folder; returns its path. */
    public Path write(Path folder) throws IOException {
        for (Map.Entry<String, String> file : files.entrySet()) {
            Path path = folder.resolve(file.getKey());
            Files.createDirectories(Objects.requireNonNull(path.getParent()));
            Files.writeString(path, file.getValue(), StandardCharsets.ISO_8859_1);
        }
        DumpSettings settings = DumpSettings.builder()
                .setDefaultFlowStyle(FlowStyle.AUTO)
                .setDereferenceAliases(true)
                .setWidth(120)
                .build();
        return Files.writeString(folder.resolve("plinth.yaml"), new Dump(settings).dumpToString(stack));
    }

    private static Vscf.Table section(Vscf.Table all, String key) throws GdnsdException {
        Vscf found = all.find(key);
        return found == null ? Vscf.Table.empty(all.at()) : Scope.table(key, found);
    }

    /** Every file of the folder is a zone of its name; {@code @} stands for a slash. */
    private static Map<String, Object> zones(Path folder, ZoneTexts texts) throws GdnsdException, IOException {
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> each = Files.newDirectoryStream(folder)) {
                each.forEach(found::add);
            }
        }
        found.sort(null);
        Map<String, Object> zones = new LinkedHashMap<>();
        for (Path path : found) {
            String file = String.valueOf(path.getFileName());
            if (file.startsWith(".") || !Files.isRegularFile(path)) {
                continue;
            }
            String zone =
                    file.equals("ROOT_ZONE") ? "." : file.replace('@', '/').replaceFirst("\\.?$", ".");
            zones.put(zone, texts.convert(path, zone));
        }
        return zones;
    }
}
