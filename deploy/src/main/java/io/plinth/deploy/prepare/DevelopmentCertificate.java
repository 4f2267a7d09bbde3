package io.plinth.deploy.prepare;

import io.plinth.deploy.DeployException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** A self-signed pair for development: made with the JDK's keytool, as Java has no API of its own for it. */
public final class DevelopmentCertificate {
    private static final String VALID_DAYS = "825";
    private static final long KEYTOOL_SECONDS_MAX = 30;
    private static final char[] PASSWORD = "plinth".toCharArray();
    private static final String ALIAS = "plinth";

    private DevelopmentCertificate() {}

    /** Writes certificate and private key as PEM, the key for the owner's eyes only. */
    public static void make(Path certificate, Path key, Set<String> hosts, Path javaHome)
            throws IOException, DeployException {
        Files.createDirectories(certificate.toAbsolutePath().getParent());
        Files.createDirectories(key.toAbsolutePath().getParent());
        Path folder = Files.createTempDirectory("plinth-keytool");
        Path store = folder.resolve("pair.p12");
        try {
            keytool(javaHome, store, hosts);
            KeyStore pair = KeyStore.getInstance("PKCS12");
            try (var in = Files.newInputStream(store)) {
                pair.load(in, PASSWORD);
            }
            Files.writeString(
                    certificate, pem("CERTIFICATE", pair.getCertificate(ALIAS).getEncoded()));
            Files.deleteIfExists(key);
            Files.createFile(key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(
                    key, pem("PRIVATE KEY", pair.getKey(ALIAS, PASSWORD).getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new IOException("development certificate: " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(store);
            Files.deleteIfExists(folder);
        }
    }

    private static void keytool(Path javaHome, Path store, Set<String> hosts) throws IOException, DeployException {
        Set<String> names = new TreeSet<>(hosts);
        names.add("localhost");
        List<String> alternatives = new ArrayList<>(List.of("ip:127.0.0.1"));
        names.forEach(name -> alternatives.add("dns:" + name));
        List<String> command = List.of(
                javaHome.resolve("bin/keytool").toString(),
                "-genkeypair",
                "-alias",
                ALIAS,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-validity",
                VALID_DAYS,
                "-dname",
                "CN=plinth development",
                "-ext",
                "san=" + String.join(",", alternatives),
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                new String(PASSWORD));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        process.getInputStream().transferTo(said);
        try {
            if (!process.waitFor(KEYTOOL_SECONDS_MAX, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                String reason = said.toString(StandardCharsets.UTF_8).strip().replace('\n', ' ');
                throw new DeployException("no development certificate could be made: " + reason
                        + "; put a certificate and key where the file names them");
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while making a certificate", e);
        }
    }

    private static String pem(String type, byte[] der) {
        return "-----BEGIN " + type + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + type + "-----\n";
    }
}
