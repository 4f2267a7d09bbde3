package io.plinth.mqbroker;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** One broker for the tests of a class; each of them has a connection with a channel, and a name of its own for what it declares. */
abstract class ClientFixture {
    /** The broker's section of the file, where it is not the default. */
    @Target(ElementType.TYPE)
    @Retention(RetentionPolicy.RUNTIME)
    @interface Section {
        String value();
    }

    static TestBroker broker;

    Connection connection;
    Channel channel;
    String name;

    @BeforeAll
    static void start(TestInfo info, @TempDir Path folder) throws Exception {
        Section section = info.getTestClass().orElseThrow().getAnnotation(Section.class);
        broker = new TestBroker(folder, section == null ? "{}" : section.value());
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    @BeforeEach
    void connect(TestInfo info) throws Exception {
        connection = broker.connect();
        channel = connection.createChannel();
        name = info.getTestMethod().orElseThrow().getName();
    }

    @AfterEach
    void disconnect() {
        connection.abort();
    }
}
