package io.plinth.mqbroker.management.node;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** When what TLS listeners show ends. */
public final class Certificates {
    /** A listener and the PEM file of its chain. */
    public record Shown(String protocol, String address, int port, Path file) {}

    private Certificates() {}

    /** The certificates of the chain that end before then, by listener, as RabbitMQ's health check lists them. */
    public static List<Map<String, @Nullable Object>> ending(List<Shown> all, String node, Instant before) {
        List<Map<String, @Nullable Object>> ending = new ArrayList<>();
        for (Shown shown : all) {
            List<String> ends = new ArrayList<>();
            try (InputStream in = Files.newInputStream(shown.file())) {
                Collection<? extends Certificate> chain =
                        CertificateFactory.getInstance("X.509").generateCertificates(in);
                for (Certificate certificate : chain) {
                    if (certificate instanceof X509Certificate x509
                            && x509.getNotAfter().toInstant().isBefore(before)) {
                        ends.add(x509.getNotAfter().toInstant().toString());
                    }
                }
            } catch (IOException | CertificateException e) {
                ends.add(shown.file() + ": " + e.getMessage());
            }
            if (!ends.isEmpty()) {
                Map<String, @Nullable Object> listed = new LinkedHashMap<>();
                listed.put("node", node);
                listed.put("protocol", shown.protocol());
                listed.put("interface", shown.address());
                listed.put("port", shown.port());
                listed.put("certfile", shown.file().toString());
                listed.put("certfile_expires_on", ends);
                listed.put("cacertfile_expires_on", List.of());
                ending.add(listed);
            }
        }
        return ending;
    }
}
