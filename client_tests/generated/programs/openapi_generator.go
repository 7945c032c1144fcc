// Calls every operation with openapi-generator's Go client.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	api "github.com/GIT_USER_ID/GIT_REPO_ID"
)

func main() {
	client := api.NewAPIClient(api.NewConfiguration())
	keys := map[string]api.APIKey{"ApiKey": {Key: os.Args[1]}}
	ctx := context.WithValue(context.Background(), api.ContextAPIKeys, keys)
	account, payments := os.Args[2], "payments"
	id := func(text string) api.Id { return api.Id{String: &text} }
	tag := func(name string) api.Tag { return api.Tag{String: &name} }
	luke, nine, yes, email, name := id("249"), id("9"), true, "luke@example.org", "Luke"
	three := int64(3)

	contact := api.NewContactInput()
	contact.ContactId, contact.Email = &luke, &email
	contact.Tags = []api.Tag{{Int64: &three}, tag("Lead"), {TagObject: &api.TagObject{Id: &nine}}}
	contact.CustomFields = map[string]interface{}{"Droids": 2, "Planet": nil}
	update := api.NewContactInput()
	update.ContactId, update.FirstName = &luke, &name
	vip := api.NewTagsInput([]api.Tag{tag("VIP")})
	vip.ContactId = &luke
	items := []api.InvoiceItemInput{*api.NewInvoiceItemInput("Course", id("8"), 1999)}
	order := api.NewInvoiceInput(id("1"), 1999, 1999, "2018-10-02", items)
	order.ContactId, order.IsRefunded = &luke, &api.Flag{Bool: &yes}
	subscription := api.NewSubscriptionInput(id("1"), 2900, id("8"), "2018-10-02", "2018-10-02", "month", 1)
	subscription.ContactId = &luke
	product := api.NewProductInput(id("8"), "Course")
	ad := id("ad-1")
	figures := api.NewAdPerformanceInput(api.AdPerformanceInputAd{AdReference: &api.AdReference{Id: &ad}}, 100, "2018-10-02")

	done := func(_ interface{}, response *http.Response, err error) {
		if err != nil {
			fmt.Println(response, err)
			os.Exit(1)
		}
	}
	done(client.ContactsAPI.UpsertContact(ctx, account, payments).ContactInput(*contact).Execute())
	done(client.ContactsAPI.UpsertContact(ctx, account, payments).ContactInput(*update).Execute())
	done(client.TagsAPI.AddTags(ctx, account, payments).TagsInput(*vip).Execute())
	done(client.TagsAPI.RemoveTags(ctx, account, payments).TagsInput(*vip).Execute())
	done(client.OrdersAPI.UpsertInvoice(ctx, account, payments).InvoiceInput(*order).Execute())
	done(client.SubscriptionsAPI.UpsertSubscription(ctx, account, payments).SubscriptionInput(*subscription).Execute())
	done(client.ProductsAPI.UpsertProduct(ctx, account, payments).ProductInput(*product).Execute())
	done(client.AdsAPI.RecordAdPerformance(ctx, account, "ads").AdPerformanceInput(*figures).Execute())
	done(client.ReadingAPI.ReadContact(ctx, account, "249").Extend([]string{"tags", "orders"}).Execute())
	done(client.TrackingAPI.Identify(ctx).A(account).E(email).Execute())
	done(client.OrdersAPI.DeleteInvoice(ctx, account, payments, "1").Execute())
	done(client.SubscriptionsAPI.DeleteSubscription(ctx, account, payments, "1").Execute())
	done(client.ContactsAPI.DeleteContact(ctx, account, payments, "249").Execute())
}
