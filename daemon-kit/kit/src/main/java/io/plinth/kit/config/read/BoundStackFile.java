package io.plinth.kit.config.read;

import io.plinth.kit.config.AppConfig;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.SectionType;
import io.plinth.kit.config.StackConfig;
import io.plinth.kit.config.StackFile;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A file that has been bound. Immutable. */
final class BoundStackFile implements StackFile {
    private static final int ADMIN_PORT_FIRST = 9900;

    private final Path path;
    private final StackConfig stack;
    private final Map<SectionKey, Record> bound;
    private final Map<String, SectionType> kinds;
    private final List<String> sections;

    BoundStackFile(
            Path path,
            StackConfig stack,
            Map<SectionKey, Record> bound,
            Map<String, SectionType> kinds,
            List<String> sections) {
        this.path = path;
        this.stack = stack;
        this.bound = bound;
        this.kinds = kinds;
        this.sections = sections;
    }

    /**
     * One bound form of a section.
     *
     * @param region empty for the section as it stands, else the region whose overrides are merged in
     */
    record SectionKey(String section, String region) {}

    @Override
    public Path path() {
        return path;
    }

    @Override
    public StackConfig stack() {
        return stack;
    }

    @Override
    public Path state() {
        Path folder = path.toAbsolutePath().normalize().getParent();
        return (folder == null ? Path.of("/") : folder).resolve(stack.state()).normalize();
    }

    @Override
    public <T extends Record> T section(NodeConfig node, Class<T> type) {
        Record record = null;
        for (String section : List.of(node.run(), node.kind())) {
            for (String region : List.of(node.region(), "")) {
                record = record != null ? record : bound.get(new SectionKey(section, region));
            }
        }
        if (record == null) {
            throw new IllegalArgumentException("section: " + node.run() + " (expected: one of " + sections + ")");
        }
        return type.cast(record);
    }

    @Override
    public Map<String, NodeConfig> cluster(NodeConfig node) {
        Map<String, NodeConfig> cluster = new TreeMap<>();
        stack.nodes().forEach((name, other) -> {
            if (other.run().equals(node.run()) && other.region().equals(node.region())) {
                cluster.put(name, other);
            }
        });
        return Collections.unmodifiableMap(cluster);
    }

    @Override
    public int port(NodeConfig node) {
        Integer port = node.port();
        SectionType kind = kinds.get(node.kind());
        return port != null ? port : kind == null ? 0 : kind.standardPort();
    }

    @Override
    public HostPort admin(String nodeName) {
        NodeConfig node = stack.nodes().get(nodeName);
        if (node == null) {
            throw new IllegalArgumentException(
                    "node: " + nodeName + Nearest.hint(nodeName, stack.nodes().keySet()));
        }
        HostPort admin = node.admin();
        if (admin != null) {
            return admin;
        }
        int place = stack.nodes().keySet().stream().sorted().toList().indexOf(nodeName);
        return new HostPort("127.0.0.1", ADMIN_PORT_FIRST + place);
    }

    @Override
    public Map<String, HostPort> instances(String appName) {
        AppConfig app = stack.apps().get(appName);
        Integer first = app == null ? null : app.port();
        if (app == null || first == null) {
            return Map.of();
        }
        Map<String, HostPort> instances = new LinkedHashMap<>();
        for (int i = 1; i <= app.instances(); i++) {
            instances.put(appName + "-" + i, new HostPort(app.host(), first == 0 ? 0 : first + i - 1));
        }
        return Collections.unmodifiableMap(instances);
    }

    @Override
    public String masked() {
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        out.put("stack", stack.stack());
        out.put("state", stack.state());
        out.put("regions", stack.regions());
        for (String section : sections) {
            Record base = bound.get(new SectionKey(section, ""));
            if (base != null) {
                out.put(section, base);
            }
            for (String region : stack.regions().keySet()) {
                Record regional = bound.get(new SectionKey(section, region));
                if (regional != null) {
                    out.put(section + " in " + region, regional);
                }
            }
        }
        out.put("apps", stack.apps());
        out.put("postgres", stack.postgres());
        out.put("logs", stack.logs());
        out.put("nodes", stack.nodes());
        return RecordText.yaml(out);
    }

    @Override
    public List<String> sections() {
        return sections;
    }
}
