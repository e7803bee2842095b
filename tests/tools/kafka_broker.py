"""kafka_broker: a real Apache Kafka for the scenarios, in KRaft mode on loopback, from Maven's artifacts; and kcat, which writes to it.

What the group has committed and what topics there are is asked by a program of its own (Program.java) through Kafka's own client.
"""
import collections
import os
import re
import shutil
import signal
import subprocess

import foreign
from harness import free_port

# 4.1.0 is started in the same way (KAFKA_VERSION=4.1.0).
VERSION = os.environ.get("KAFKA_VERSION", "3.9.1")
PROGRAM = r"""
import java.util.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;

public class Program {
    static void admin(Admin a, String[] w) throws Exception {
        switch (w[1]) {
        case "create":
            a.createTopics(List.of(new NewTopic(w[2], Integer.parseInt(w[3]), (short) 1))).all().get();
            break;
        case "delete":
            a.deleteTopics(List.of(w[2])).all().get();
            break;
        case "grow":
            a.createPartitions(Map.of(w[2], NewPartitions.increaseTo(Integer.parseInt(w[3])))).all().get();
            break;
        case "topics":
            System.out.println(String.join(" ", a.listTopics().names().get()));
            break;
        case "trim":
            a.deleteRecords(Map.of(new TopicPartition(w[2], 0), RecordsToDelete.beforeOffset(Long.parseLong(w[3])))).all().get();
            break;
        case "committed":
            a.listConsumerGroupOffsets(w[2]).partitionsToOffsetAndMetadata().get().forEach((p, o) ->
                System.out.println(p.topic() + " " + p.partition() + " " + (o == null ? -1 : o.offset())));
            break;
        case "members":
            System.out.println(a.describeConsumerGroups(List.of(w[2])).all().get().get(w[2]).members().stream()
                .map(m -> m.clientId() + "=" + m.assignment().topicPartitions().size()).sorted().collect(Collectors.joining(" ")));
            break;
        }
    }

    /* Half of them in a transaction that is given up; then two tombstones. */
    static void transactions(String brokers, String topic, int n) {
        Map<String, Object> c = new HashMap<>(Map.of("bootstrap.servers", brokers, "transactional.id", "tests"));
        String text = "org.apache.kafka.common.serialization.StringSerializer";
        c.put("key.serializer", text);
        c.put("value.serializer", text);
        try (Producer<String, String> p = new KafkaProducer<>(c)) {
            p.initTransactions();
            for (boolean kept : new boolean[] {true, false}) {
                p.beginTransaction();
                for (int i = 0; i < n; i++)
                    p.send(new ProducerRecord<>(topic, 0, "k", "ERROR " + (kept ? "kept" : "given up") + " number " + i));
                if (kept)
                    p.commitTransaction();
                else {
                    p.flush();
                    p.abortTransaction();
                }
            }
            p.beginTransaction();
            p.send(new ProducerRecord<>(topic, 0, "k", null));
            p.send(new ProducerRecord<>(topic, 0, "k", null));
            p.commitTransaction();
        }
    }

    public static void main(String[] w) throws Exception {
        if (w[1].equals("transactions")) {
            transactions(w[0], w[2], Integer.parseInt(w[3]));
            return;
        }
        try (Admin a = Admin.create(Map.of("bootstrap.servers", w[0]))) {
            admin(a, w);
        }
    }
}
"""
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={doors},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={doors}
controller.listener.names=CONTROLLER
inter.broker.listener.name={protocol}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,{map}
log.dirs={dir}
num.partitions=1
message.max.bytes=12000000
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.segment.delete.delay.ms=0
{more}
"""


Door = collections.namedtuple("Door", "address")


class Broker:
    """Started with the scenario's folder as its home; ends with the scenario. beside: other protocols that it speaks, each at an address
    of its own (doors); users: of SCRAM, each as StorageTool has them."""

    def __init__(self, t, protocol="PLAINTEXT", more="", beside=(), users=()):
        if not shutil.which("kcat"):
            t.skip("no kcat here")
        self.t, self.port = t, free_port()
        self.address = "127.0.0.1:%d" % self.port
        self.client = []  # what kcat needs beside the address
        self.classes = foreign.java(t, PROGRAM, "org.apache.kafka:kafka_2.13:" + VERSION)
        ports = {protocol: self.port, **{p: free_port() for p in beside}}
        self.doors = {p: Door("127.0.0.1:%d" % port) for p, port in ports.items()}
        self.properties = t.write("server.properties", PROPERTIES.format(
            doors=",".join("%s://%s" % (p, door.address) for p, door in self.doors.items()), map=",".join("%s:%s" % (p, p) for p in ports),
            controller=free_port(), dir=t.path("kafka"), protocol=protocol, more=more))
        self.java("kafka.tools.StorageTool", "format", "-t", "AAAAAAAAQACAAAAAAAAAAQ", "-c", self.properties,
                  *[word for user in users for word in ("--add-scram", user)])
        self.start()

    def java(self, *args):
        p = subprocess.run(["java", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", self.classes, *args],
                           capture_output=True, text=True, timeout=60, check=False)
        if p.returncode:
            self.t.fail("%s: %s" % (args, p.stderr[-1000:] + p.stdout[-1000:]))
        return p.stdout

    def start(self):
        self.program = self.t.program("kafka", ["java", "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
                                                self.classes, "kafka.Kafka", self.properties])
        self.t.wait_port(self.port, "Kafka")

    def stop(self):
        self.program.signal(signal.SIGTERM)
        self.program.wait()

    def ask(self, *args):
        return self.java("Program", self.address, *args)

    def create(self, topic, partitions=1):
        self.ask("create", topic, str(partitions))

    def write(self, topic, text, *args, partition=None):
        """Each line of the text is a message."""
        where = [] if partition is None else ["-p", str(partition)]
        subprocess.run(["kcat", "-q", "-P", "-b", self.address, "-t", topic, *where, *self.client, *args], input=text.encode(), check=True,
                       timeout=60)

    def committed(self, group):
        return {(topic, int(p)): int(offset) for topic, p, offset in re.findall(r"^(\S+) (\d+) (-?\d+)$", self.ask("committed", group), re.M)}

    def members(self, group):
        """By client id, how many partitions each has."""
        return {name: int(n) for name, n in re.findall(r"(\S+)=(\d+)", self.ask("members", group))}
