package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.amqp.AmqpRejectAndDontRequeueException;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.core.TopicExchange;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;

/** The broker through Spring AMQP. */
@Timeout(60)
class SpringIT {
    @TempDir
    Path folder;

    @Test
    void declaresPublishesWithConfirmsListensAndAsks() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}")) {
            CachingConnectionFactory factory =
                    new CachingConnectionFactory("127.0.0.1", broker.address().getPort());
            factory.setPublisherConfirmType(CachingConnectionFactory.ConfirmType.CORRELATED);
            factory.setPublisherReturns(true);
            try {
                declare(new RabbitAdmin(factory));
                RabbitTemplate template = new RabbitTemplate(factory);
                template.setMandatory(true);
                template.setReplyTimeout(20_000);
                confirmedAndReturned(template);
                listened(factory, template);
                transacted(broker);
                asked(factory, template);
                // The consumer of its replies would go on asking for the broker.
                template.stop();
            } finally {
                factory.destroy();
            }
        }
    }

    private static void declare(RabbitAdmin admin) {
        Queue orders = QueueBuilder.durable("orders")
                .deadLetterExchange("")
                .deadLetterRoutingKey("dead")
                .quorum()
                .build();
        TopicExchange events = new TopicExchange("events");
        admin.declareQueue(orders);
        admin.declareQueue(new Queue("dead"));
        admin.declareQueue(new Queue("questions"));
        admin.declareExchange(events);
        admin.declareBinding(BindingBuilder.bind(orders).to(events).with("order.#"));
        assertThat(admin.getQueueProperties("orders")).containsEntry(RabbitAdmin.QUEUE_MESSAGE_COUNT, 0L);
    }

    private static void confirmedAndReturned(RabbitTemplate template) throws Exception {
        for (int i = 0; i < 100; i++) {
            CorrelationData correlation = new CorrelationData(Integer.toString(i));
            template.convertAndSend("events", "order." + i, Integer.toString(i), correlation);
            assertThat(correlation.getFuture().get(20, TimeUnit.SECONDS).ack()).isTrue();
            assertThat(correlation.getReturned()).isNull();
        }
        CorrelationData lost = new CorrelationData("lost");
        template.convertAndSend("events", "nobody", "x", lost);
        assertThat(lost.getFuture().get(20, TimeUnit.SECONDS).ack()).isTrue();
        assertThat(lost.getReturned())
                .isNotNull()
                .satisfies(returned -> assertThat(returned.getReplyText()).isEqualTo("NO_ROUTE"));
    }

    /** Two consumers at once; every tenth message is rejected and dead-lettered. */
    private static void listened(CachingConnectionFactory factory, RabbitTemplate template) throws Exception {
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        SimpleMessageListenerContainer container = container(factory, "orders", message -> {
            String text = new String(message.getBody(), UTF_8);
            if (text.endsWith("0")) {
                throw new AmqpRejectAndDontRequeueException(text);
            }
            seen.add(text);
        });
        try {
            for (int i = 0; i < 90; i++) {
                assertThat(seen.poll(20, TimeUnit.SECONDS)).isNotNull();
            }
        } finally {
            container.destroy();
        }
        for (int i = 0; i < 10; i++) {
            Message dead = template.receive("dead", 20_000);
            assertThat(dead).isNotNull();
            List<Map<String, ?>> deaths = dead.getMessageProperties().getXDeathHeader();
            assertThat(deaths)
                    .singleElement()
                    .satisfies(death -> assertThat(death.get("reason")).isEqualTo("rejected"));
        }
        assertThat(template.receive("dead")).isNull();
    }

    private static void transacted(TestBroker broker) {
        CachingConnectionFactory factory =
                new CachingConnectionFactory("127.0.0.1", broker.address().getPort());
        try {
            RabbitTemplate template = new RabbitTemplate(factory);
            template.setChannelTransacted(true);
            template.convertAndSend("dead", "committed");
            assertThat(template.receiveAndConvert("dead", 20_000)).isEqualTo("committed");
        } finally {
            factory.destroy();
        }
    }

    /** Direct reply-to, which Spring uses where nobody says otherwise. */
    private static void asked(CachingConnectionFactory factory, RabbitTemplate template) {
        SimpleMessageListenerContainer container = container(
                factory,
                "questions",
                question -> template.send(
                        "",
                        question.getMessageProperties().getReplyTo(),
                        MessageBuilder.withBody(("re: " + new String(question.getBody(), UTF_8)).getBytes(UTF_8))
                                .setCorrelationId(Objects.requireNonNull(
                                        question.getMessageProperties().getCorrelationId()))
                                .setContentType("text/plain")
                                .build()));
        try {
            for (int i = 0; i < 20; i++) {
                assertThat(template.convertSendAndReceive("questions", "q" + i)).isEqualTo("re: q" + i);
            }
        } finally {
            container.destroy();
        }
    }

    private static SimpleMessageListenerContainer container(
            CachingConnectionFactory factory, String queue, MessageListener listener) {
        SimpleMessageListenerContainer container = new SimpleMessageListenerContainer(factory);
        container.setQueueNames(queue);
        container.setConcurrentConsumers(2);
        container.setPrefetchCount(10);
        container.setAcknowledgeMode(AcknowledgeMode.AUTO);
        container.setErrorHandler(refused -> {
            // What the listener refuses is no news here.
        });
        container.setMessageListener(listener);
        container.afterPropertiesSet();
        container.start();
        return container;
    }
}
