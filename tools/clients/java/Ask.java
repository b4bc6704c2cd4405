import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.tencentcloudapi.common.CommonClient;
import com.tencentcloudapi.common.Credential;
import com.tencentcloudapi.common.exception.TencentCloudSDKException;
import com.tencentcloudapi.common.profile.ClientProfile;
import com.tencentcloudapi.common.profile.HttpProfile;
import java.nio.charset.StandardCharsets;

/**
 * Asks the service by the vendor's SDK for Java: {@code Ask SERVICE VERSION ACTION BODY}, as ask.js does.
 *
 * <p>The typed clients of TI-ONE are not on Maven Central, so it is the generic one, which signs and sends for all of
 * them. It prints {@code {"answer": …}} or {@code {"error": {"code", "message", "requestId"}}}.
 */
public final class Ask {
  public static void main(String[] arguments) {
    String[] endpoint = System.getenv("TIONE_ENDPOINT").split("://");
    HttpProfile http = new HttpProfile();
    http.setProtocol(endpoint[0] + "://");
    http.setEndpoint(endpoint[1]);
    ClientProfile profile = new ClientProfile();
    profile.setHttpProfile(http);
    Credential credential =
        new Credential(System.getenv("TENCENTCLOUD_SECRET_ID"), System.getenv("TENCENTCLOUD_SECRET_KEY"));
    CommonClient client =
        new CommonClient(arguments[0], arguments[1], credential, System.getenv("TENCENTCLOUD_REGION"), profile);
    JsonObject result = new JsonObject();
    try {
      JsonElement answer = JsonParser.parseString(client.call(arguments[2], arguments[3]));
      result.add("answer", answer.getAsJsonObject().get("Response"));
    } catch (TencentCloudSDKException refused) {
      JsonObject failure = new JsonObject();
      failure.addProperty("code", refused.getErrorCode());
      failure.addProperty("message", refused.getMessage());
      failure.addProperty("requestId", refused.getRequestId());
      result.add("error", failure);
    }
    byte[] line = (new Gson().toJson(result) + "\n").getBytes(StandardCharsets.UTF_8);
    System.out.write(line, 0, line.length);
    System.out.flush();
  }
}
