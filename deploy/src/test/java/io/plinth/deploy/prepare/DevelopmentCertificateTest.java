package io.plinth.deploy.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DevelopmentCertificateTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void keyAndCertificateBelongTogetherAndNameTheHosts() throws Exception {
        Path pem = folder.resolve("certs/shop.pem");
        Path key = folder.resolve("certs/shop.key");
        DevelopmentCertificate.make(pem, key, Set.of("shop.example"), Path.of(System.getProperty("java.home")));

        X509Certificate certificate;
        try (var in = Files.newInputStream(pem)) {
            certificate =
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
        assertThat(certificate.getSubjectAlternativeNames().toString())
                .contains("shop.example", "localhost", "127.0.0.1");
        byte[] der = Base64.getMimeDecoder().decode(Files.readString(key).replaceAll("-----[A-Z ]+-----", ""));
        PrivateKey own = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(own);
        signature.update(der);
        byte[] signed = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(der);
        assertThat(signature.verify(signed)).isTrue();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
                .isEqualTo("rw-------");
    }
}
