import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

class Client {
    public static void main(String[] args) throws Exception {
        var env = System.getenv();
        var base = "https://import.segmetrics.io/api/v1/" + env.get("SEGMETRICS_ACCOUNT_ID") + "/"
            + env.get("SEGMETRICS_INTEGRATION_ID");
        var client = HttpClient.newHttpClient();
        for (var path : new String[] {"contact", "invoice"}) {
            var request = HttpRequest.newBuilder(URI.create(base + "/" + path))
                .header("Authorization", env.get("SEGMETRICS_API_KEY"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(env.get(path.toUpperCase())))
                .build();
            var answer = client.send(request, BodyHandlers.ofString());
            if (answer.statusCode() != 200) throw new Exception(answer.body());
        }
    }
}
