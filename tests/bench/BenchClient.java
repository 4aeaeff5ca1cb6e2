import io.camunda.zeebe.client.ZeebeClient;
import io.camunda.zeebe.client.api.response.ActivatedJob;
import io.camunda.zeebe.client.api.worker.JobClient;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** Answers jobs with the Java client: BenchClient poll|stream GATEWAY TYPE… */
public class BenchClient {
  public static void main(String[] args) throws Exception {
    boolean stream = args[0].equals("stream");
    ZeebeClient client = ZeebeClient.newClientBuilder().gatewayAddress(args[1]).usePlaintext().build();
    for (String type : List.of(args).subList(2, args.length)) {
      client
          .newWorker()
          .jobType(type)
          .handler(BenchClient::answer)
          .fetchVariables("dossier_code", "title", "count")
          .timeout(Duration.ofMinutes(1))
          .maxJobsActive(128)
          .streamEnabled(stream)
          .open();
    }
    System.out.println("ready");
    new CountDownLatch(1).await();
  }

  private static void answer(JobClient client, ActivatedJob job) {
    Map<String, Object> variables = job.getVariablesAsMap();
    complete(client, job, ((Number) variables.get("count")).intValue() + 1);
  }

  /** Sends without waiting; what a busy engine refused is sent again. */
  private static void complete(JobClient client, ActivatedJob job, int answer) {
    client
        .newCompleteCommand(job)
        .variables(Map.of("answer", answer))
        .send()
        .exceptionally(
            error -> {
              if (Status.fromThrowable(error).getCode() == Status.Code.RESOURCE_EXHAUSTED) {
                complete(client, job, answer);
              }
              return null;
            });
  }
}
