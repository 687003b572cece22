// A web service of several threads, traced: `shop [PORT]`, then GET /orders/1.
//
// Each request is a span below its caller's, with spans for what it is made of, also on other threads;
// what goes wrong is on the span and in the log, whose lines name the trace. OTEL_* variables say
// where spans go (OTLP to localhost:4318 unless told otherwise).
#include <httplib.h>
#include <tracer.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using httplib::Request;
using httplib::Response;

// One line, whole also when several threads write, with the ids that lead to the trace.
void log_line(const std::string &said) {
    static std::mutex mutex;
    const tracer::current_ids ids;
    const std::lock_guard<std::mutex> lock(mutex);
    std::clog << "trace_id=" << ids.trace_id << " span_id=" << ids.span_id << ' ' << said
              << std::endl;
}

// Of an answer that is no good, with its HTTP status.
class refused : public std::runtime_error {
  public:
    refused(int status, const std::string &why) : std::runtime_error(why), status_(status) {}
    int status() const noexcept { return status_; }

  private:
    int status_;
};

// A handler within a span of its own, below that of the caller.
httplib::Server::Handler traced(const std::string &route, httplib::Server::Handler handler) {
    return [route, handler](const Request &request, Response &response) {
        const tracer::attachment caller(tracer::context::extract(request.headers));
        tracer::scope span(request.method + ' ' + route, tracer::options().kind(TRACER_KIND_SERVER),
                           {{"http.request.method", request.method},
                            {"http.route", route},
                            {"url.path", request.path},
                            {"client.address", request.remote_addr}});
        response.status = 200;
        try {
            handler(request, response);
        } catch (const refused &error) { // the caller's doing: no error of ours
            response.status = error.status();
            response.set_content(error.what(), "text/plain");
        } catch (const std::exception &error) {
            response.status = 500;
            response.set_content("something went wrong", "text/plain");
            span.fail(error);
            log_line(std::string("failed: ") + error.what());
        }
        span.set("http.response.status_code", response.status);
        log_line(request.method + ' ' + request.path + " -> " + std::to_string(response.status));
    };
}

struct order {
    std::string user;
    std::vector<std::string> articles;
};

order load_order(const std::string &id) {
    TRACER_SPAN("load order", {{"db.system.name", "memory"}, {"shop.order.id", id}});
    static const std::map<std::string, order> orders = {
        {"1", {"ada", {"lamp"}}}, {"2", {"grace", {"lamp", "desk", "chair"}}}, {"3", {"edsger", {"unicorn"}}}};
    const auto found = orders.find(id);
    if (found == orders.end()) {
        tracer::current().add_event("not found", {{"shop.orders", orders.size()}});
        throw refused(404, "no such order");
    }
    tracer::current().set("shop.articles", found->second.articles);
    return found->second;
}

int price_of(const std::string &article) {
    return tracer::traced("price", [&article](tracer::span_ref span) {
        static const std::map<std::string, int> prices = {{"lamp", 30}, {"desk", 250}, {"chair", 90}};
        span.set("shop.article", article);
        const auto found = prices.find(article);
        if (found == prices.end()) {
            throw std::out_of_range("no price for " + article);
        }
        return found->second;
    });
}

// Asks for all prices at once, on threads of their own: `carry` takes the span along.
int total_of(const order &order) {
    TRACER_SPAN("total");
    std::vector<std::future<int>> prices;
    for (const std::string &article : order.articles) {
        prices.push_back(std::async(std::launch::async, tracer::carry(price_of), article));
    }
    int total = 0;
    for (std::future<int> &price : prices) {
        total += price.get();
    }
    tracer::current().set("shop.total", total);
    return total;
}

void get_order(const Request &request, Response &response) {
    const std::string id = request.matches[1];
    const order found = load_order(id);
    std::ostringstream answer;
    answer << "{\"user\": \"" << found.user << "\", \"total\": " << total_of(found) << "}\n";
    response.set_content(answer.str(), "application/json");
}

} // namespace

int main(int argc, char **argv) {
    // Signals are for the thread that waits for them below.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);

    if (const auto made = tracer::config().service_name("shop").load_env().init()) {
        std::clog << "traced by libtracer " << tracer_version() << std::endl;
    } else {
        std::clog << "tracing is off: " << made.why() << std::endl; // and the shop is open
    }
    httplib::Server server;
    server.new_task_queue = [] { return new httplib::ThreadPool(8); };
    server.set_keep_alive_max_count(1000);
    server.Get(R"(/orders/(\w+))", traced("/orders/{id}", get_order));

    const int port = argc > 1 ? std::atoi(argv[1]) : 8080;
    if (!server.bind_to_port("127.0.0.1", port)) {
        std::clog << "port " << port << " is taken" << std::endl;
        return 1;
    }
    std::clog << "http://127.0.0.1:" << port << "/orders/1" << std::endl;
    std::thread ending([&ends, &server] {
        int signal = 0;
        sigwait(&ends, &signal);
        server.stop();
    });
    server.listen_after_bind();
    ending.join();
    return tracer::shutdown(std::chrono::seconds(2)) ? 0 : 1;
}
