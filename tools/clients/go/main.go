// Asks the service by the vendor's SDK for Go: `ask SERVICE VERSION ACTION BODY`, as ask.js does.
//
// The typed clients of TI-ONE are not on the module proxy, so it is the generic one, which signs and sends for all of
// them. It prints {"answer": …} or {"error": {"code", "message", "requestId"}}.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	sdkerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
)

func ask(service, version, action, body string) (json.RawMessage, error) {
	scheme, authority, _ := strings.Cut(os.Getenv("TIONE_ENDPOINT"), "://")
	credential := common.NewCredential(os.Getenv("TENCENTCLOUD_SECRET_ID"), os.Getenv("TENCENTCLOUD_SECRET_KEY"))
	settings := profile.NewClientProfile()
	settings.HttpProfile.Scheme = scheme
	settings.HttpProfile.Endpoint = authority
	client := common.NewCommonClient(credential, os.Getenv("TENCENTCLOUD_REGION"), settings)
	request := tchttp.NewCommonRequest(service, version, action)
	if err := request.SetActionParameters(body); err != nil {
		return nil, err
	}
	response := tchttp.NewCommonResponse()
	if err := client.Send(request, response); err != nil {
		return nil, err
	}
	var content struct{ Response json.RawMessage }
	err := json.Unmarshal(response.GetBody(), &content)
	return content.Response, err
}

func main() {
	answer, err := ask(os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	line := map[string]any{"answer": answer}
	if err != nil {
		failure := map[string]any{"message": err.Error()}
		var refused *sdkerrors.TencentCloudSDKError
		if errors.As(err, &refused) {
			failure = map[string]any{"code": refused.Code, "message": refused.Message, "requestId": refused.RequestId}
		}
		line = map[string]any{"error": failure}
	}
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}
