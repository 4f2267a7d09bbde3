package io.plinth.geodns.gdnsd;

import io.plinth.kit.config.HostPort;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Owned by who imports: gdnsd's options hash as nodes and settings. */
final class Options {
    private static final int STANDARD_PORT = 53;
    private static final Set<String> READ = Set.of(
            "listen",
            "dns_port",
            "tcp_timeout",
            "max_edns_response",
            "max_edns_response_v6",
            "nsid",
            "nsid_ascii",
            "zones_default_ttl",
            "max_ttl",
            "min_ttl",
            "state_dir",
            "run_dir");
    /** What only says how gdnsd does its work, or is so here in any case. */
    private static final Set<String> WITHOUT_MEANING = Set.of(
            "tcp_threads",
            "udp_threads",
            "udp_rcvbuf",
            "udp_sndbuf",
            "tcp_fastopen",
            "lock_mem",
            "priority",
            "username",
            "weaker_security",
            "realtime_stats",
            "log_stats",
            "plugin_search_path",
            "zones_rfc1035_threads",
            "zones_strict_data",
            "tcp_backlog",
            "tcp_control",
            "tcp_clients_per_thread");

    private static final Map<String, String> ADVICE = Map.of(
            "cookie_key_file",
            "left out (put a secret of 32 hex digits, the same on all nodes, into geo-dns.cookies.secrets)",
            "max_nocookie_response",
            "left out (see geo-dns.rate-limit and geo-dns.cookies.require)",
            "disable_cookies",
            "left out (cookies are always answered)",
            "edns_client_subnet",
            "left out (the client's subnet counts for every policy)",
            "chaos_response",
            "left out (queries of class CH are refused)",
            "experimental_no_chain",
            "left out (aliases within a zone are followed in the answer)",
            "acme_challenge_ttl",
            "left out (put the TXT record by PUT /zones/ZONE/records/NAME/TXT)",
            "acme_challenge_dns_ttl",
            "left out (the API says the TTL with the record)");

    private final Scope options;
    private final Notes notes;

    Options(Vscf.Table options, Notes notes) {
        this.options = new Scope(options, null);
        this.notes = notes;
    }

    Path stateFolder() throws GdnsdException {
        return Path.of(options.text("state_dir", "/var/lib/gdnsd"));
    }

    ZoneTexts.Limits limits() throws GdnsdException {
        return new ZoneTexts.Limits(
                options.number("min_ttl", 5),
                options.number("max_ttl", 3_600_000),
                options.number("zones_default_ttl", 86_400));
    }

    /** Settings of the section. */
    void settings(Map<String, Object> section) throws GdnsdException {
        Vscf timeout = options.find("tcp_timeout");
        if (timeout != null) {
            section.put("tcp", Map.of("idle", Math.clamp(Scope.number("tcp_timeout", timeout), 1, 3_600) + "s"));
        }
        Vscf payload = options.find("max_edns_response");
        if (payload != null) {
            int wanted = Scope.number("max_edns_response", payload);
            section.put("udp", Map.of("max-payload", Math.clamp(wanted, 512, 4_096)));
            if (wanted > 4_096) {
                notes.add(payload.at(), "max_edns_response: 4096, which is the most here");
            }
        }
        Vscf second = options.find("max_edns_response_v6");
        if (second != null) {
            notes.add(second.at(), "max_edns_response_v6: left out (udp.max-payload holds for both families)");
        }
        nsid(section);
        for (Map.Entry<String, Vscf> entry : options.table().entries().entrySet()) {
            String key = entry.getKey();
            if (!READ.contains(key)) {
                String advice = ADVICE.getOrDefault(
                        key,
                        WITHOUT_MEANING.contains(key)
                                ? "left out (there is nothing to set here)"
                                : "left out (nothing here is like it)");
                notes.add(entry.getValue().at(), "options." + key + ": " + advice);
            }
        }
    }

    private void nsid(Map<String, Object> section) throws GdnsdException {
        section.put("nsid", options.text("nsid_ascii", ""));
        Vscf hex = options.find("nsid");
        if (hex != null) {
            String text = Scope.text("nsid", hex);
            if (!text.matches("([0-9a-fA-F]{2}){1,128}")) {
                throw new GdnsdException(hex.at(), "nsid: " + text + " (expected: an even number of hex digits)");
            }
            byte[] octets = java.util.HexFormat.of().parseHex(text);
            for (byte octet : octets) {
                if (octet < ' ' || octet == 0x7F) {
                    notes.add(hex.at(), "nsid: left out (an nsid is text here)");
                    return;
                }
            }
            section.put("nsid", new String(octets, java.nio.charset.StandardCharsets.US_ASCII));
        }
    }

    /** One node for each address it listens on. */
    Map<String, Object> nodes() throws GdnsdException {
        List<String> addresses = new ArrayList<>();
        Vscf listen = options.find("listen");
        switch (listen) {
            case null -> addresses.add("any");
            case Vscf.Table table -> {
                addresses.addAll(table.entries().keySet());
                table.entries().forEach((address, own) -> {
                    if (own instanceof Vscf.Table settings
                            && !settings.entries().isEmpty()) {
                        notes.add(own.at(), address + ": settings left out (a section holds for all its nodes)");
                    }
                });
            }
            default -> addresses.addAll(Scope.texts("listen", listen));
        }
        int port = options.number("dns_port", STANDARD_PORT);
        Map<String, Object> nodes = new LinkedHashMap<>();
        for (String address : addresses) {
            Map<String, Object> node = new LinkedHashMap<>();
            node.put("run", "geo-dns");
            HostPort at = at(address, port);
            node.put("host", at.host());
            node.put("port", at.port());
            nodes.put("dns-" + (nodes.size() + 1), node);
        }
        if (nodes.size() > 1 && listen != null) {
            notes.add(listen.at(), "listen: a node for each address (one node at 0.0.0.0 listens on all there are)");
        }
        return nodes;
    }

    private static HostPort at(String address, int port) {
        if (address.equals("any")) {
            return new HostPort("::", port);
        }
        String text = address.replaceAll("[\\[\\]]", "");
        int colon = text.lastIndexOf(':');
        boolean bracketed = address.contains("]:");
        boolean ipv4 = colon >= 0 && text.indexOf(':') == colon;
        return bracketed || ipv4
                ? new HostPort(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)))
                : new HostPort(text, port);
    }
}
