package io.plinth.kit.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A file that was read whole and found right for the given daemon kinds. Immutable. */
public interface StackFile {
    /** Where it was read from. */
    Path path();

    /** The part every node shares. */
    StackConfig stack();

    /** The folder of all state, absolute. */
    Path state();

    /** The daemon section a node runs on: its kind's (or kind/cluster's), with its region's overrides merged in. */
    <T extends Record> T section(NodeConfig node, Class<T> type);

    /** The nodes of the same kind, cluster and region as {@code node}, itself included, sorted by name. */
    Map<String, NodeConfig> cluster(NodeConfig node);

    /** The port a node serves on: its own, or its kind's standard port; 0 for a kind with listeners in its section. */
    int port(NodeConfig node);

    /** The admin address of a node, resolved. */
    HostPort admin(String nodeName);

    /** The addresses of an app's instances by instance name ({@code web-1}), sorted by name; empty without a port. */
    Map<String, HostPort> instances(String appName);

    /** Effective configuration as YAML text, secrets masked. */
    String masked();

    /** Names of the sections that stand in the file, for reports. */
    List<String> sections();
}
