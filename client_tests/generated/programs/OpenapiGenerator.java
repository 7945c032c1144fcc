// Calls every operation with openapi-generator's Java client.
import java.net.http.HttpRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.openapitools.client.ApiClient;
import org.openapitools.client.Configuration;
import org.openapitools.client.api.*;
import org.openapitools.client.model.*;

public class OpenapiGenerator {
    public static void main(String[] arguments) throws Exception {
        String account = arguments[1], payments = "payments";
        Consumer<HttpRequest.Builder> authorization = one -> one.header("Authorization", arguments[0]);
        Configuration.getDefaultApiClient().setRequestInterceptor(authorization);
        ApiClient reading = new ApiClient().setRequestInterceptor(authorization), tracking = new ApiClient();
        reading.updateBaseUri(arguments[2]);
        tracking.updateBaseUri(arguments[3]);
        Id luke = new Id(249L), course = new Id(8L), one = new Id("1");
        Map<String, Object> fields = new HashMap<>(Map.of("Droids", 2));
        fields.put("Planet", null);
        Tags forms = new Tags(), names = new Tags();
        forms.addAll(List.of(new Tag(3L), new Tag("Lead"), new Tag(new TagObject().id(new Id(9L)))));
        names.add(new Tag("VIP"));
        ContactInput contact = new ContactInput().contactId(luke).email("luke@example.org").tags(forms).customFields(fields);
        ContactInput update = new ContactInput().contactId(luke).firstName("Luke");
        TagsInput vip = new TagsInput().contactId(luke).tags(names);
        InvoiceInput order = new InvoiceInput().id(one).contactId(luke).amount(1999L).paid(1999L)
            .dateCreated("2018-10-02").isRefunded(new Flag(true))
            .addItemsItem(new InvoiceItemInput().name("Course").productId(course).amount(1999L));
        SubscriptionInput subscription = new SubscriptionInput().id(one).contactId(luke).amount(2900L)
            .productId(course).startDate("2018-10-02").lastBillDate("2018-10-02")
            .billingCycle(SubscriptionInput.BillingCycleEnum.MONTH).frequency(1L);
        AdPerformanceInput figures = new AdPerformanceInput()
            .ad(new AdPerformanceInputAd(new AdReference(new Id("ad-1")))).spend(100L).date("2018-10-02");

        new ContactsApi().upsertContact(account, payments, contact);
        new ContactsApi().upsertContact(account, payments, update);
        new TagsApi().addTags(account, payments, vip);
        new TagsApi().removeTags(account, payments, vip);
        new OrdersApi().upsertInvoice(account, payments, order);
        new SubscriptionsApi().upsertSubscription(account, payments, subscription);
        new ProductsApi().upsertProduct(account, payments, new ProductInput().id(course).name("Course"));
        new AdsApi().recordAdPerformance(account, "ads", figures);
        new ReadingApi(reading).readContact(account, "249", List.of("tags", "orders"));
        new TrackingApi(tracking).identify(account, null, "luke@example.org", null);
        new OrdersApi().deleteInvoice(account, payments, "1");
        new SubscriptionsApi().deleteSubscription(account, payments, "1");
        new ContactsApi().deleteContact(account, payments, "249");
    }
}
