// librdkafka's mock cluster for tests: brokers within this process, which fail as they are told to. An addon
// of its own. Every call but `destroy` is answered by a thread of the cluster at once.
#include "failure.h"
#include "raii.h"

// It wants rdkafka.h before it.
#include <rdkafka_mock.h>

using namespace millrace;

namespace {

using Call = js::Arguments<5>;

struct Cluster {
  rd_kafka_t* client = nullptr;
  rd_kafka_mock_cluster_t* mock = nullptr;

  void destroy() {
    if (mock != nullptr) rd_kafka_mock_cluster_destroy(std::exchange(mock, nullptr));
    if (client != nullptr) rd_kafka_destroy(std::exchange(client, nullptr));
  }
  ~Cluster() { destroy(); }
};

void end(void* cluster) { static_cast<Cluster*>(cluster)->destroy(); }

int integer(napi_env env, napi_value value) { return static_cast<int>(js::to_number(env, value)); }

rd_kafka_resp_err_t error_code(napi_env env, napi_value value) {
  return static_cast<rd_kafka_resp_err_t>(integer(env, value));
}

napi_value refuse(napi_env env, const char* what) {
  napi_throw_error(env, nullptr, what);
  return nullptr;
}

/** `new MockCluster(brokers)`: their numbers are 1, 2 … */
napi_value construct(napi_env env, napi_callback_info info) {
  Call call(env, info);
  auto* cluster = new Cluster;
  char reason[512];
  Conf conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  cluster->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), reason, sizeof reason);
  if (cluster->client != nullptr) {
    conf.release();
    cluster->mock = rd_kafka_mock_cluster_new(cluster->client, integer(env, call[0]));
  }
  if (cluster->mock == nullptr) {
    delete cluster;
    return refuse(env, "The mock cluster could not be made.");
  }
  napi_add_env_cleanup_hook(env, end, cluster);
  auto forget = [](napi_env env, void* cluster, void*) {
    napi_remove_env_cleanup_hook(env, end, cluster);
    delete static_cast<Cluster*>(cluster);
  };
  napi_wrap(env, call.self, cluster, forget, nullptr, nullptr);
  return call.self;
}

/** A method on a cluster that is not destroyed; what `Work` returns as an error is thrown. */
template <auto Work>
napi_value method(napi_env env, napi_callback_info info) {
  Call call(env, info);
  void* cluster = nullptr;
  if (napi_unwrap(env, call.self, &cluster) != napi_ok) return nullptr;
  auto* mock = static_cast<Cluster*>(cluster)->mock;
  if (mock == nullptr) return refuse(env, "The mock cluster is destroyed.");
  if constexpr (std::is_same_v<decltype(Work(env, call, mock)), napi_value>) {
    return Work(env, call, mock);
  } else {
    if (const auto code = Work(env, call, mock)) return refuse(env, rd_kafka_err2str(code));
    return js::undefined(env);
  }
}

napi_value bootstrap(napi_env env, const Call&, rd_kafka_mock_cluster_t* mock) {
  return js::string(env, rd_kafka_mock_cluster_bootstraps(mock));
}

/** `createTopic(name, partitions, replicas)`. */
auto create_topic(napi_env env, const Call& call, rd_kafka_mock_cluster_t* mock) {
  return rd_kafka_mock_topic_create(mock, js::to_string(env, call[0]).c_str(), integer(env, call[1]),
                                    integer(env, call[2]));
}

/** `setTopicError(name, error)`; error 0 ends it. */
auto set_topic_error(napi_env env, const Call& call, rd_kafka_mock_cluster_t* mock) {
  rd_kafka_mock_topic_set_error(mock, js::to_string(env, call[0]).c_str(), error_code(env, call[1]));
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/** `pushErrors(apiKey, errors)`: the next requests of the kind get them, one each; 0 lets one through. */
auto push_errors(napi_env env, const Call& call, rd_kafka_mock_cluster_t* mock) {
  std::vector<rd_kafka_resp_err_t> errors(js::length(env, call[1]));
  for (size_t i = 0; i < errors.size(); i++) errors[i] = error_code(env, js::at(env, call[1], i));
  rd_kafka_mock_push_request_errors_array(mock, static_cast<int16_t>(integer(env, call[0])), errors.size(),
                                          errors.data());
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/** `pushAnswer(broker, apiKey, error, delayMs)`: the next request of the kind to the broker. */
auto push_answer(napi_env env, const Call& call, rd_kafka_mock_cluster_t* mock) {
  return rd_kafka_mock_broker_push_request_error_rtts(mock, integer(env, call[0]),
                                                      static_cast<int16_t>(integer(env, call[1])), size_t{1},
                                                      error_code(env, call[2]), integer(env, call[3]));
}

auto clear_errors(napi_env env, const Call& call, rd_kafka_mock_cluster_t* mock) {
  rd_kafka_mock_clear_request_errors(mock, static_cast<int16_t>(integer(env, call[0])));
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/** `setBroker(broker, isUp)`: a broker that is down closes its connections and takes no new ones. */
auto set_broker(napi_env env, const Call& call, rd_kafka_mock_cluster_t* mock) {
  return js::to_boolean(env, call[1]) ? rd_kafka_mock_broker_set_up(mock, integer(env, call[0]))
                                      : rd_kafka_mock_broker_set_down(mock, integer(env, call[0]));
}

/** `setDelay(broker, delayMs)`: of every answer. */
auto set_delay(napi_env env, const Call& call, rd_kafka_mock_cluster_t* mock) {
  return rd_kafka_mock_broker_set_rtt(mock, integer(env, call[0]), integer(env, call[1]));
}

/** `setLeader(topic, partition, broker)`. */
auto set_leader(napi_env env, const Call& call, rd_kafka_mock_cluster_t* mock) {
  return rd_kafka_mock_partition_set_leader(mock, js::to_string(env, call[0]).c_str(), integer(env, call[1]),
                                            integer(env, call[2]));
}

/** `setCoordinator(kind, key, broker)`: kind is `group` or `transaction`. */
auto set_coordinator(napi_env env, const Call& call, rd_kafka_mock_cluster_t* mock) {
  return rd_kafka_mock_coordinator_set(mock, js::to_string(env, call[0]).c_str(),
                                       js::to_string(env, call[1]).c_str(), integer(env, call[2]));
}

auto track_requests(napi_env, const Call&, rd_kafka_mock_cluster_t* mock) {
  rd_kafka_mock_clear_requests(mock);
  rd_kafka_mock_start_request_tracking(mock);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/** `requests()`: broker and API key in turn, of each request since `trackRequests`. */
napi_value requests(napi_env env, const Call&, rd_kafka_mock_cluster_t* mock) {
  size_t count = 0;
  rd_kafka_mock_request_t** tracked = rd_kafka_mock_get_requests(mock, &count);
  napi_value list = js::array(env, 2 * count);
  for (size_t i = 0; i < count; i++) {
    js::put(env, list, 2 * i, js::number(env, rd_kafka_mock_request_id(tracked[i])));
    js::put(env, list, 2 * i + 1, js::number(env, rd_kafka_mock_request_api_key(tracked[i])));
  }
  rd_kafka_mock_request_destroy_array(tracked, count);
  return list;
}

napi_value destroy(napi_env env, napi_callback_info info) {
  Call call(env, info);
  void* cluster = nullptr;
  if (napi_unwrap(env, call.self, &cluster) != napi_ok) return nullptr;
  static_cast<Cluster*>(cluster)->destroy();
  return js::undefined(env);
}

}  // namespace

NAPI_MODULE_INIT() {
  const std::pair<const char*, napi_callback> methods[] = {
      {"bootstrap", method<bootstrap>},
      {"createTopic", method<create_topic>},
      {"setTopicError", method<set_topic_error>},
      {"pushErrors", method<push_errors>},
      {"pushAnswer", method<push_answer>},
      {"clearErrors", method<clear_errors>},
      {"setBroker", method<set_broker>},
      {"setDelay", method<set_delay>},
      {"setLeader", method<set_leader>},
      {"setCoordinator", method<set_coordinator>},
      {"trackRequests", method<track_requests>},
      {"requests", method<requests>},
      {"destroy", destroy},
  };
  std::vector<napi_property_descriptor> properties;
  for (const auto& [name, function] : methods)
    properties.push_back({name, nullptr, function, nullptr, nullptr, nullptr, napi_default_method, nullptr});
  napi_value value = nullptr;
  napi_define_class(env, "MockCluster", NAPI_AUTO_LENGTH, construct, nullptr, properties.size(),
                    properties.data(), &value);
  js::set(env, exports, "MockCluster", value);
  return exports;
}
